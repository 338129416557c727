//! The events that are used: what is stored, and what reads it.
//!
//! One table for both, so that nothing is stored that no reader has, and no reader waits for what is not
//! stored. Any other event is only counted.

use super::{deployment_status, issues, pull_request, push, workflow_run};
use crate::domain::areas::Event;
use chrono::{DateTime, Utc};

/// Reads the JSON of a webhook; `None`: nothing follows from it.
type Read = fn(&[u8], DateTime<Utc>) -> Option<Event>;

struct Used {
    event: &'static str,
    /// The only actions that are stored; none: all.
    actions: &'static [&'static str],
    read: Read,
}

const USED: &[Used] = &[
    Used {
        event: "workflow_run",
        actions: &[],
        read: workflow_run::read,
    },
    Used {
        event: "issues",
        actions: &["closed", "reopened"],
        read: issues::read,
    },
    Used {
        event: "push",
        actions: &[],
        read: push::read,
    },
    Used {
        event: "pull_request",
        // Each tells of the labels; a webhook that is lost is made up for by the next.
        actions: &[
            "opened",
            "reopened",
            "synchronize",
            "labeled",
            "unlabeled",
            "closed",
        ],
        read: pull_request::read,
    },
    Used {
        event: "deployment_status",
        actions: &[],
        read: deployment_status::read,
    },
];

/// Earlier versions stored these too. Their rows are claimed, and end.
const FORMER: [&str; 7] = [
    "workflow_job",
    "check_run",
    "check_suite",
    "issue_comment",
    "status",
    "installation",
    "installation_repositories",
];

fn used(event: &str) -> Option<&'static Used> {
    USED.iter().find(|used| used.event == event)
}

/// The kinds of rows that a process claims.
pub fn kinds() -> Vec<String> {
    let used = USED.iter().map(|used| used.event);
    used.chain(FORMER).map(str::to_owned).collect()
}

/// The kind of the row of an event that is stored. One whose action cannot be read is stored too: its
/// reader says what it lacks.
pub(super) fn stored(event: &str, action: Option<&str>) -> Option<&'static str> {
    let used = used(event)?;
    let wanted = match action {
        Some(action) if !used.actions.is_empty() => used.actions.contains(&action),
        _ => true,
    };
    wanted.then_some(used.event)
}

pub(super) fn read(kind: &str, json: &[u8], at: DateTime<Utc>) -> Option<Event> {
    (used(kind)?.read)(json, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_in_the_table_once_and_a_former_one_is_not_stored() {
        let mut kinds = kinds();
        let all = kinds.len();
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds.len(), all);
        for event in FORMER {
            assert_eq!(stored(event, None), None, "{event}");
        }
    }

    #[test]
    fn the_docs_name_every_event_that_is_used_and_no_other() {
        let docs = include_str!("../../docs/github.md");
        let (_, table) = docs.split_once("**Events.**").unwrap();
        let (table, _) = table.split_once("Then note").unwrap();
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
        let named: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
        let used: Vec<&str> = USED.iter().map(|used| used.event).collect();
        assert_eq!(named, used);
    }
}
