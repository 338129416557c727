//! What a decision needs to know, and what it then knows.

use super::super::area::Context;
use super::{Event, Failure, FailureId, Line, Place, Run, watched};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// A run as it is known so far; its line is locked.
    pub run: Option<(Line, i64)>,
    /// The open failure of that line, and its newest run that succeeded.
    pub state: bool,
    /// This failure, open or closed, locked.
    pub failure: Option<FailureId>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    pub run: Option<Run>,
    pub failure: Option<Failure>,
    /// The newest run of the line that succeeded.
    pub green: Option<Place>,
}

pub(super) fn needs(event: &Event, context: &Context<'_>) -> Needs {
    match event {
        Event::Run(seen) if watched::is_watched(context.rules, &seen.run.line.repository) => {
            Needs {
                run: Some((seen.run.line.clone(), seen.run.id)),
                state: seen.is_told(),
                failure: None,
            }
        }
        Event::Run(_)
        | Event::Parked(_)
        | Event::TimerDue { .. }
        | Event::Asked(_)
        | Event::Pressed(_) => Needs::default(),
        Event::Receipt(receipt) => Needs {
            failure: receipt.origin.failure(),
            ..Needs::default()
        },
    }
}
