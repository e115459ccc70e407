//! Unix times as EC2 and IMDS print them.

use time::OffsetDateTime;

/// `2026-01-02T03:04:05.678Z`, as the API prints a time.
pub fn iso(unix_ms: u64) -> String {
    format!("{}.{:03}Z", date_time(unix_ms), unix_ms % 1_000)
}

/// `2026-01-02T03:04:05Z`, as IMDS prints a time.
pub fn iso_seconds(unix_ms: u64) -> String {
    format!("{}Z", date_time(unix_ms))
}

/// `2026-01-02 03:04:05`, as the API prints a time in a sentence.
pub fn spaced(unix_ms: u64) -> String {
    date_time(unix_ms).replace('T', " ")
}

/// The time now, in ms since 1970.
pub fn unix_ms() -> u64 {
    let now = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
    u64::try_from(now).unwrap_or_default()
}

fn date_time(unix_ms: u64) -> String {
    let seconds = i64::try_from(unix_ms / 1_000).unwrap_or_default();
    let t = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, time) = (t.date(), t.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}
