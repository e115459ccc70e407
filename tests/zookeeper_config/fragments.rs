//! A user's file is read as Java reads it.

use std::collections::BTreeMap;

use steadfast::zookeeper::properties;

use crate::judge::judge;
use crate::scratch::Scratch;

/// In ASCII, where the encodings agree.
const TEXTS: [&str; 14] = [
    "a=1\nb = 2 \n  c\t:\t3\nd 4\ne",
    "# no\n! no\n   # no\na=# yes\nb=! yes\n",
    "a=\\\n   one \\\n\t two\nb=x\\\\\nc=x\\\\\\\ny",
    "a=1\\\n# not a comment\nb=2",
    "# a comment goes not on \\\na=1",
    "a\\ b=1\na\\=c=2\n\\:d=3\n\\#e=4",
    "a==b\nb=:c\nc= = d\nd:=e\ne  :  f",
    "a=\\t\\n\\r\\f\\q\\\"\\'",
    "a=\\u0041\\u00e9\\u20AC\n\\u0062=2",
    "a=1\r\nb=2\rc=3\n\r\n\rd=4",
    "a=last line \\",
    "\n\n \t\n",
    "=no key\n:no key either",
    "a=1 \t\u{c} \nb=\u{c}2",
];

/// What Java will not have.
const MALFORMED: [&str; 3] = ["a=\\u12", "a=\\u12G4\n", "\\uxyzw=1"];

#[test]
fn a_file_is_read_as_java_reads_it() {
    let scratch = Scratch::new();
    let texts: Vec<&str> = TEXTS.into_iter().chain(MALFORMED).collect();
    let put = |(n, text): (usize, &&str)| scratch.put(&n.to_string(), text.as_bytes());
    let judgements = judge(&texts.iter().enumerate().map(put).collect::<Vec<_>>());
    for (text, judgement) in texts.iter().zip(judgements) {
        let ours = properties::read(text.as_bytes());
        match judgement.refused {
            Some(why) => assert!(ours.is_err(), "{text:?}: {ours:?}, and Java: {why}"),
            None => {
                let entries = ours.unwrap_or_else(|e| panic!("{text:?}: {e:?}"));
                // Of a key that comes twice Java takes the last; steadfast refuses it elsewhere.
                let ours: BTreeMap<_, _> = entries.into_iter().map(|e| (e.key, e.value)).collect();
                assert_eq!(ours, judgement.properties, "{text:?}");
            }
        }
    }
}
