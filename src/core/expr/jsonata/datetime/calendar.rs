//! The calendar: milliseconds since 1970 to days, weeks and months and back. Weeks begin on Monday; the first week of a
//! year or a month is the one with its first Thursday.

/// A moment, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) millis: i64,
    pub(super) year: i64,
    /// 1 to 12.
    pub(super) month: i64,
    pub(super) day: i64,
}

impl Moment {
    /// The moment of a number of milliseconds; `None` where JavaScript's dates end.
    pub(super) fn new(millis: f64) -> Option<Moment> {
        if millis.is_nan() || millis.abs() > LAST {
            return None;
        }
        let millis = millis.trunc() as i64;
        let (year, month, day) = civil(millis.div_euclid(DAY));
        Some(Moment { millis, year, month, day })
    }

    /// Milliseconds since midnight.
    fn of_day(&self) -> i64 {
        self.millis.rem_euclid(DAY)
    }

    /// The numeric value of a component of a picture; `None` for those that are no numbers.
    pub(super) fn component(&self, component: char) -> Option<i64> {
        let hour = self.of_day() / 3_600_000;
        Some(match component {
            'Y' => self.year,
            'M' => self.month,
            'D' => self.day,
            'd' => self.days() - days(self.year, 1, 1) + 1,
            'F' => weekday(self.days()),
            'W' => self.week(
                days(self.year, 1, 1),
                days(self.year + 1, 1, 1),
                days(self.year - 1, 1, 1),
                52,
            ),
            'w' => {
                let (next, previous) = self.neighbour_months();
                let this = days(self.year, self.month, 1);
                self.week(this, days(next.0, next.1, 1), days(previous.0, previous.1, 1), 4)
            }
            'X' => self.week_year(),
            'x' => self.week_month(),
            'H' => hour,
            'h' => {
                if hour % 12 == 0 {
                    12
                } else {
                    hour % 12
                }
            }
            'm' => self.of_day() / 60_000 % 60,
            's' => self.of_day() / 1000 % 60,
            'f' => self.of_day() % 1000,
            'P' => i64::from(hour >= 12),
            _ => return None,
        })
    }

    fn days(&self) -> i64 {
        self.millis.div_euclid(DAY)
    }

    fn neighbour_months(&self) -> ((i64, i64), (i64, i64)) {
        let next = if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        let previous =
            if self.month == 1 { (self.year - 1, 12) } else { (self.year, self.month - 1) };
        (next, previous)
    }

    /// The week within a period that starts on day `this`, between the periods before and after it.
    fn week(&self, this: i64, next: i64, previous: i64, usual: i64) -> i64 {
        let today = self.days();
        let week = (today - first_week(this)).div_euclid(7) + 1;
        if week > usual && today >= first_week(next) {
            return 1;
        }
        if week < 1 {
            return (today - first_week(previous)).div_euclid(7) + 1;
        }
        week
    }

    fn week_year(&self) -> i64 {
        let today = self.days();
        if today < first_week(days(self.year, 1, 1)) {
            return self.year - 1;
        }
        if today >= first_week(days(self.year + 1, 1, 1)) { self.year + 1 } else { self.year }
    }

    fn week_month(&self) -> i64 {
        let today = self.days();
        let (next, previous) = self.neighbour_months();
        if today < first_week(days(self.year, self.month, 1)) {
            return previous.1;
        }
        if today >= first_week(days(next.0, next.1, 1)) { next.1 } else { self.month }
    }
}

/// Milliseconds of date and time, which may lie outside their usual ranges; months count from 0. Years below 100 are
/// years of the twentieth century, as in JavaScript.
pub(super) fn utc(date: [f64; 3], time: [f64; 4]) -> f64 {
    let [year, month, day] = date;
    let [hour, minute, second, milli] = time;
    if !(year.is_finite() && month.is_finite() && year.abs() < 1e6 && month.abs() < 1e7) {
        return f64::NAN;
    }
    let year = if (0.0..100.0).contains(&year) { year + 1900.0 } else { year };
    let months = year as i64 * 12 + month as i64;
    let start = days(months.div_euclid(12), months.rem_euclid(12) + 1, 1);
    let day = start as f64 + day - 1.0;
    let millis =
        day * DAY as f64 + hour * 3_600_000.0 + minute * 60_000.0 + second * 1000.0 + milli;
    if millis.abs() > LAST { f64::NAN } else { millis }
}

/// The day a period's first week begins on, for a period that starts on `day`.
fn first_week(day: i64) -> i64 {
    let weekday = weekday(day);
    if weekday > 4 { day + 8 - weekday } else { day - (weekday - 1) }
}

/// 1 for Monday to 7 for Sunday.
fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7) + 1
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that the leap day is the
/// last of its year.
pub(super) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a number of days from 1970-01-01.
fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

pub(super) const DAY: i64 = 86_400_000;
/// The last millisecond of JavaScript's dates, in either direction.
const LAST: f64 = 8.64e15;
