//! A confusion table: what a case is, against what it was named.

use std::collections::BTreeMap;
use std::fmt;

#[derive(Default)]
pub struct Confusion {
    counts: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Confusion {
    pub fn add(&mut self, is: &str, named: &str) {
        let row = self.counts.entry(is.to_owned()).or_default();
        *row.entry(named.to_owned()).or_default() += 1;
    }

    pub fn total(&self) -> usize {
        self.counts.values().flat_map(BTreeMap::values).sum()
    }

    pub fn right(&self) -> usize {
        let on_diagonal = self.counts.iter().filter_map(|(is, row)| row.get(is));
        on_diagonal.sum()
    }

    pub fn percent_right(&self) -> f64 {
        100.0 * self.right() as f64 / self.total().max(1) as f64
    }
}

impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} of {} named right, {:.1} %",
            self.right(),
            self.total(),
            self.percent_right()
        )?;
        for (is, row) in &self.counts {
            let all: usize = row.values().sum();
            let right = row.get(is).copied().unwrap_or(0);
            let others = row.iter().filter(|(named, _)| *named != is);
            let others: Vec<String> = others
                .map(|(named, count)| format!("{count} as {named}"))
                .collect();
            writeln!(f, "  {is:<22} {right:>3}/{all:<3} {}", others.join(", "))?;
        }
        Ok(())
    }
}
