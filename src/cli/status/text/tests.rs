use super::*;

#[test]
fn an_age_has_its_two_largest_units() {
    let cases = [
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (61, "1m 1s"),
        (3600, "1h"),
        (3601, "1h"),
        (90_061, "1d 1h"),
        (86_400 * 400, "400d"),
    ];
    for (seconds, text) in cases {
        assert_eq!(age(seconds), text, "{seconds}");
    }
}

#[test]
fn a_paragraph_is_broken_between_words() {
    let plain = |text: &str, columns| {
        let text = paragraph("! ", text, Tone::Plain, columns);
        anstream::adapter::strip_str(&text).to_string()
    };
    let text = "one two three four five six seven";
    assert_eq!(plain(text, None), format!("! {text}\n"));
    assert_eq!(plain(text, Some(22)), "! one two three four\n  five six seven\n");
    // A terminal that is too narrow for anything is no reason to show nothing.
    assert_eq!(plain(text, Some(1)), plain(text, Some(22)));
    let long = "x".repeat(50);
    assert_eq!(plain(&format!("a {long} b"), Some(22)), format!("! a\n  {long}\n  b\n"));
}
