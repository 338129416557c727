//! The figures, and which promises they keep.

use std::time::Duration;

/// One promise: what was measured beside what was promised.
struct Line {
    what: String,
    measured: String,
    promised: String,
    kept: Option<bool>,
}

/// All that was found in one run.
#[derive(Default)]
pub struct Report(Vec<Line>);

impl Report {
    /// A figure that is at least so much.
    pub fn at_least(&mut self, what: &str, measured: f64, unit: &str, least: f64) {
        self.add(
            what,
            shown(measured, unit),
            format!("≥ {}", shown(least, unit)),
            Some(measured >= least),
        );
    }

    /// A figure that is at most so much.
    pub fn at_most(&mut self, what: &str, measured: f64, unit: &str, most: f64) {
        self.add(
            what,
            shown(measured, unit),
            format!("≤ {}", shown(most, unit)),
            Some(measured <= most),
        );
    }

    /// A figure that nothing is promised about.
    pub fn figure(&mut self, what: &str, measured: impl Into<String>) {
        self.add(what, measured.into(), String::new(), None);
    }

    fn add(&mut self, what: &str, measured: String, promised: String, kept: Option<bool>) {
        let word = match kept {
            Some(true) => "PASS",
            Some(false) => "FAIL",
            None => "    ",
        };
        println!(
            "  {word}  {what}: {measured}{}{promised}",
            if promised.is_empty() { "" } else { "  " }
        );
        self.0.push(Line {
            what: what.to_owned(),
            measured,
            promised,
            kept,
        });
    }

    /// Whether every promise that was measured is kept.
    pub fn all_kept(&self) -> bool {
        self.0.iter().all(|line| line.kept != Some(false))
    }

    /// The table.
    pub fn print(&self) {
        let wide = |pick: fn(&Line) -> &str| {
            self.0
                .iter()
                .map(|line| pick(line).chars().count())
                .max()
                .unwrap_or(0)
        };
        let (what, measured) = (wide(|line| &line.what), wide(|line| &line.measured));
        println!();
        for line in &self.0 {
            let word = match line.kept {
                Some(true) => "PASS",
                Some(false) => "FAIL",
                None => "",
            };
            println!(
                "{:what$}  {:>measured$}  {:12}  {word}",
                line.what, line.measured, line.promised
            );
        }
        let promised = self.0.iter().filter(|line| line.kept.is_some()).count();
        let kept = self.0.iter().filter(|line| line.kept == Some(true)).count();
        println!("\n{kept} of {promised} promises kept");
    }
}

fn shown(figure: f64, unit: &str) -> String {
    let digits = if figure >= 100.0 {
        0
    } else if figure >= 10.0 {
        1
    } else {
        2
    };
    let space = if unit.is_empty() || unit == "×" {
        ""
    } else {
        " "
    };
    format!("{figure:.digits$}{space}{unit}")
}

/// The middle of some figures.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    match figures.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => figures[n / 2],
        n => f64::midpoint(figures[n / 2 - 1], figures[n / 2]),
    }
}

/// The time within which this part (0 to 1) of sorted times lies.
pub fn within(sorted: &[Duration], part: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    let at = (sorted.len() as f64 * part) as usize;
    sorted.get(at.min(last)).copied().unwrap_or_default()
}

/// Milliseconds.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
