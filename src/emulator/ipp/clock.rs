//! The wall clock as IPP writes it: RFC 2579 DateAndTime, in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

use super::message::Value;

pub(super) fn now() -> Value {
    date_time(SystemTime::now())
}

pub(super) fn date_time(at: SystemTime) -> Value {
    let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (year, month, day) = civil(seconds / 86_400);
    let [high, low] = u16::try_from(year).unwrap_or(u16::MAX).to_be_bytes();
    let part = |value: u64| u8::try_from(value).unwrap_or(0);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    Value::DateTime([high, low, part(month), part(day), part(hour), part(minute), part(second), 0, b'+', 0, 0])
}

/// Year, month and day of a day since 1970 in the Gregorian calendar; years begin in March while it counts.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_664), (2026, 7, 30));
    }
}
