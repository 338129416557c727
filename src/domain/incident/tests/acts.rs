//! What people ask for in the stories, in short.

use crate::domain::ids::ChannelId;
use crate::domain::incident::Role;
use crate::domain::incident::act::Act;
use crate::domain::incident::fixtures::person;
use crate::domain::incident::{Declaration, Event, Kind, Severity, Status};
use crate::domain::signal::End;

pub(super) fn declaration(severity: Severity) -> Act {
    Act::Declare(Declaration {
        title: "Checkout returns 500s".into(),
        severity,
        service: "api".into(),
        commander: None,
        kind: Kind::Real,
        view: None,
        template: None,
    })
}

pub(super) fn advance(to: Status) -> Act {
    Act::Advance { to, text: None }
}

pub(super) fn resolve() -> Act {
    Act::Resolve { note: None }
}

pub(super) fn lead(who: &str) -> Act {
    Act::Assign {
        role: Role::Commander,
        person: person(who),
    }
}

pub(super) fn say(text: &str) -> Act {
    Act::Update {
        text: text.into(),
        unless_last: false,
    }
}

pub(super) fn severity(to: Severity) -> Act {
    Act::SetSeverity { to, reason: None }
}

pub(super) fn refused(code: &str) -> End {
    End::Refused { code: code.into() }
}

/// A channel is no longer archived.
pub(super) fn reopened(channel: &ChannelId) -> Event {
    let channel = channel.clone();
    Event::ChannelReopened { channel }
}
