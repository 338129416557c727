//! How failures of CI are classified, shown on logs and reports of common tools and on a
//! simulated year.
//!
//! The data is in `tests/data/ci/`. The figures are printed with `--nocapture`.

mod confusion;
mod logs;
mod reports;
mod year;
