//! Who took a slot, when and why: one line, as EC2 lets a tag's value be.

use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use crate::cloud::Account;
use crate::ids::InstanceId;

/// EC2's limit for a tag's value, in characters.
const VALUE_MAX: usize = 256;
/// What a tag may hold beside letters and digits, by EC2's documentation.
const ALSO: &str = " +-=._:/@";
/// How long STS may take: where a network has no way to it, there is another name.
const ASK: Duration = Duration::from_secs(3);

/// The audit tag's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(String);

impl Word {
    /// At this time, by this caller, from this holder, for this reason; what a tag cannot hold is
    /// replaced, and what does not fit is cut off.
    pub fn new(at: SystemTime, by: &str, from: &InstanceId, reason: Option<&str>) -> Self {
        let at = humantime::format_rfc3339_seconds(at);
        let reason = reason.map(str::trim).filter(|text| !text.is_empty());
        let reason = reason.map(|text| format!(": {text}")).unwrap_or_default();
        let text = format!("{at} by {by} from {from}{reason}");
        Self(text.chars().map(allowed).take(VALUE_MAX).collect::<String>().trim_end().to_owned())
    }

    /// As it is set.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn allowed(c: char) -> char {
    match c {
        c if c.is_alphanumeric() || ALSO.contains(c) => c,
        c if c.is_whitespace() => ' ',
        _ => '_',
    }
}

/// Who asks: by STS, or as this host knows it.
pub async fn asker(account: &impl Account) -> String {
    match timeout(ASK, account.caller()).await {
        Ok(Ok(arn)) => arn,
        Ok(Err(error)) => local(&error.to_string()),
        Err(_) => local("timed out"),
    }
}

fn local(cause: &str) -> String {
    tracing::debug!("STS does not tell who asks: {cause}");
    let user = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}@{}", user.as_deref().unwrap_or("unknown"), host.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:iam::123456789012:user/op";

    fn word(reason: Option<&str>) -> String {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        Word::new(at, ARN, &"i-0123456789abcdef0".parse().unwrap(), reason).0
    }

    #[test]
    fn it_says_who_when_from_whom_and_why() {
        let plain = format!("2027-01-15T08:00:00Z by {ARN} from i-0123456789abcdef0");
        assert_eq!(word(None), plain);
        assert_eq!(word(Some("  ")), plain);
        assert_eq!(word(Some("host is dead")), format!("{plain}: host is dead"));
    }

    #[test]
    fn it_fits_into_a_tag() {
        let text = word(Some("a\tb\nc;{d} \u{1F600} Größe <e>"));
        assert!(text.ends_with(": a b c__d_ _ Größe _e_"), "{text}");
        let text = word(Some(&"ä".repeat(1000)));
        assert_eq!(text.chars().count(), VALUE_MAX);
        assert!(!word(Some(&(" ".repeat(150) + &"x ".repeat(200)))).ends_with(' '));
    }
}
