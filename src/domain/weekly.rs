//! A moment of each week in a time zone.

use chrono::{DateTime, Utc};
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A full hour of a weekday, by the clocks of its zone. An hour that a change of the clocks leaves out is
/// the one after it; of one that comes twice it is the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weekly {
    pub day: Weekday,
    /// 0 to 23.
    pub hour: i8,
    pub zone: TimeZone,
}

impl Weekly {
    /// The first one after `now`.
    pub fn next(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.after(now).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// The last three that are not after `now`, the newest first; `None`: the calendar begins later.
    pub fn last(&self, now: DateTime<Utc>) -> Option<[DateTime<Utc>; 3]> {
        let newest = match self.in_weeks(now, 0)? <= now {
            true => 0,
            false => -1,
        };
        let at = |weeks| self.in_weeks(now, weeks);
        Some([at(newest)?, at(newest - 1)?, at(newest - 2)?])
    }

    /// `None`: the end of the calendar.
    fn after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let at = self.in_weeks(now, 0)?;
        match at > now {
            true => Some(at),
            false => self.in_weeks(now, 1),
        }
    }

    /// That of the first such day from today on, or so many weeks later.
    fn in_weeks(&self, now: DateTime<Utc>, weeks: i64) -> Option<DateTime<Utc>> {
        let here = Timestamp::from_second(now.timestamp()).ok()?;
        let today = here.to_zoned(self.zone.clone()).date();
        let days = i64::from(self.day.since(today.weekday())) + 7 * weeks;
        let day = today.checked_add(days.days()).ok()?;
        let time = Time::new(self.hour, 0, 0, 0).ok()?;
        let at = day.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
        DateTime::from_timestamp(at.timestamp().as_second(), 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weekly(day: Weekday, hour: i8, zone: &str) -> Weekly {
        let zone = TimeZone::get(zone).unwrap();
        Weekly { day, hour, zone }
    }

    #[test]
    fn the_next_one_is_at_the_same_hour_by_the_clock_of_its_zone() {
        let berlin = weekly(Weekday::Monday, 9, "Europe/Berlin");
        for (now, next) in [
            // Winter time, then the first Monday of summer time, and back.
            ("2026-03-22T12:00:00Z", "2026-03-23T08:00:00Z"),
            ("2026-03-23T08:00:00Z", "2026-03-30T07:00:00Z"),
            ("2026-10-19T07:00:00Z", "2026-10-26T08:00:00Z"),
            // The very moment belongs to the week before; a second earlier does not.
            ("2026-03-30T06:59:59Z", "2026-03-30T07:00:00Z"),
            // A Sunday in UTC is a Monday there.
            ("2026-06-07T23:30:00Z", "2026-06-08T07:00:00Z"),
            ("2026-12-28T08:30:00Z", "2027-01-04T08:00:00Z"),
        ] {
            let now: DateTime<Utc> = now.parse().unwrap();
            let at: DateTime<Utc> = next.parse().unwrap();
            assert_eq!(berlin.next(now), at, "{now}");
            let [newest, ..] = berlin.last(at).unwrap();
            assert_eq!(newest, at, "the moment itself is over");
            let [_, before, _] = berlin.last(at).unwrap();
            let [newest, ..] = berlin.last(at - chrono::Duration::seconds(1)).unwrap();
            assert_eq!((newest, berlin.next(before)), (before, at));
        }
    }

    #[test]
    fn an_hour_that_is_left_out_or_comes_twice_comes_once() {
        let sunday = weekly(Weekday::Sunday, 2, "Europe/Berlin");
        let mut now: DateTime<Utc> = "2026-03-24T00:00:00Z".parse().unwrap();
        let mut all = Vec::new();
        for _ in 0..32 {
            now = sunday.next(now);
            all.push(now);
        }
        let gap: DateTime<Utc> = "2026-03-29T01:00:00Z".parse().unwrap();
        let twice: DateTime<Utc> = "2026-10-25T00:00:00Z".parse().unwrap();
        assert_eq!(all[0], gap, "03:00, because there is no 02:00");
        assert!(all.contains(&twice), "the first 02:00");
        let days: std::collections::BTreeSet<_> = all.iter().map(|at| at.date_naive()).collect();
        assert_eq!(days.len(), 32);
    }
}
