//! Java's properties, the syntax of `zoo.cfg`.
//!
//! ZooKeeper loads the file as ISO 8859-1. What is written here is ASCII, with escapes, so it means
//! the same in every encoding; what is read may be UTF-8, which is what editors write.

use java_properties::{LineContent, PropertiesIter};

/// One `key=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
    /// The line on which it begins, counted from 1.
    pub line: usize,
}

/// Where a text is no properties file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, and what to write instead.
    pub cause: String,
}

/// Reads a properties file in UTF-8. Entries come in the file's order; a key may come twice.
///
/// # Errors
/// The first line that Java would not read, or that is not UTF-8.
pub fn read(bytes: &[u8]) -> Result<Vec<Entry>, SyntaxError> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|&&b| b == b'\n').count();
        let cause = "it is not UTF-8: save the file as UTF-8, or write \\uXXXX".to_owned();
        SyntaxError { line, cause }
    })?;
    // The parser loses a last line that ends in a backslash, unless the line itself ends.
    let text = format!("{text}\n");
    let mut entries = Vec::new();
    for line in PropertiesIter::new_with_encoding(text.as_bytes(), encoding_rs::UTF_8) {
        let line = line.map_err(|error| {
            // Its text repeats the line's number, in parentheses.
            let cause = error.to_string();
            let cause = cause.split(" (line_number").next().unwrap_or_default();
            let cause = cause.trim_end_matches('.').to_owned();
            SyntaxError { line: error.line_number().unwrap_or(1), cause }
        })?;
        let number = line.line_number();
        if let LineContent::KVPair(key, value) = line.consume_content() {
            entries.push(Entry { key, value, line: number });
        }
    }
    Ok(entries)
}

/// A value such that `Properties.load` gives it back, in ASCII.
///
/// Not the crate's own writer: that writes windows-1252 where Java reads ISO 8859-1, and escapes
/// other characters with fewer than four digits, which Java refuses.
pub fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for (at, c) in value.char_indices() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            ' ' if at == 0 => escaped.push_str("\\ "),
            ' '..='~' => escaped.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String, usize)> {
        read(text.as_bytes()).unwrap().into_iter().map(|e| (e.key, e.value, e.line)).collect()
    }

    fn pair(key: &str, value: &str, line: usize) -> (String, String, usize) {
        (key.to_owned(), value.to_owned(), line)
    }

    #[test]
    fn zoo_cfg_is_read_with_its_lines() {
        let text = "\u{feff}# a comment\n! another\n\ntickTime=2000\ninitLimit : 10\nsyncLimit 5\n\
                    path = C\\:\\\\zk \\\n   and more\nlast=\u{e9}\\u00e9\\\\\\";
        let want = [
            pair("tickTime", "2000", 4),
            pair("initLimit", "10", 5),
            pair("syncLimit", "5", 6),
            pair("path", "C:\\zk and more", 7),
            pair("last", "\u{e9}\u{e9}\\", 9),
        ];
        assert_eq!(pairs(text), want);
        assert_eq!(pairs(""), []);
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let bad_escape = read(b"a=1\nb=\\u12\n").unwrap_err();
        assert_eq!((bad_escape.line, bad_escape.cause.contains("\\uxxxx")), (2, true));
        assert!(!bad_escape.cause.contains("line_number"), "{}", bad_escape.cause);
        let latin1 = read(b"a=1\n\nb=\xe9\n").unwrap_err();
        assert_eq!((latin1.line, latin1.cause.contains("UTF-8")), (3, true));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let values =
            ["", "a", " a", "a b ", "\\", "\\u0041", "#!=:", "\t\r\n\u{c}", "\u{e9}\u{20ac}"];
        for value in values {
            let text = format!("key={}", escape(value));
            assert!(text.is_ascii() && !text.contains('\n'), "{text}");
            assert_eq!(pairs(&text), [pair("key", value, 1)], "{text}");
        }
        // Java's chars are UTF-16; the reader of this crate does not join two of them.
        assert_eq!(escape("\u{1f418}"), "\\ud83d\\udc18");
    }
}
