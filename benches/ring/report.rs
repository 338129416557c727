//! The figures, and whether they keep the promises.

use std::time::Duration;

/// One figure, with the promise about it if there is one.
struct Line {
    what: String,
    measured: String,
    promised: String,
    kept: Option<bool>,
}

/// The figures of one run.
#[derive(Default)]
pub struct Report(Vec<Line>);

impl Report {
    /// Adds a figure with a lower limit.
    pub fn at_least(&mut self, what: &str, measured: f64, unit: &str, least: f64) {
        self.add(
            what,
            shown(measured, unit),
            format!("≥ {}", shown(least, unit)),
            Some(measured >= least),
        );
    }

    /// Adds a figure with an upper limit.
    pub fn at_most(&mut self, what: &str, measured: f64, unit: &str, most: f64) {
        self.add(
            what,
            shown(measured, unit),
            format!("≤ {}", shown(most, unit)),
            Some(measured <= most),
        );
    }

    /// Adds a figure without a limit.
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

    /// Whether all measured promises are kept.
    pub fn all_kept(&self) -> bool {
        self.0.iter().all(|line| line.kept != Some(false))
    }

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

/// The median.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    match figures.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => figures[n / 2],
        n => f64::midpoint(figures[n / 2 - 1], figures[n / 2]),
    }
}

/// The quantile of sorted times; `part` is between 0 and 1.
pub fn within(sorted: &[Duration], part: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    let at = (sorted.len() as f64 * part) as usize;
    sorted.get(at.min(last)).copied().unwrap_or_default()
}

pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
