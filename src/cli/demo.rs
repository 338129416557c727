//! `wardroom demo`.
use super::{DemoArgs, Ended, Stop};
pub(super) fn run(_args: &DemoArgs) -> Ended {
    Err(Stop::Wrong("not built yet".to_owned()))
}
pub(super) fn simulator_alone(_port: u16) -> Ended {
    Err(Stop::Wrong("not built yet".to_owned()))
}
