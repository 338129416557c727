//! The permission that each kind of effect needs.
//!
//! <https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps>

use super::accounts::Level::{self, Read, Write};
use crate::domain::effect::github::Kind;

/// Of these, one is enough.
pub(super) type Need = &'static [(&'static str, Level)];

const ACTIONS_READ: Need = &[("actions", Read)];
const ACTIONS_WRITE: Need = &[("actions", Write)];
const ISSUES_WRITE: Need = &[("issues", Write)];
const PULLS_READ: Need = &[("pull_requests", Read)];
const PULLS_WRITE: Need = &[("pull_requests", Write)];
/// Comments and labels of issues and of pull requests.
const CONVERSATION: Need = &[("issues", Write), ("pull_requests", Write)];
const CONTENTS_READ: Need = &[("contents", Read)];
const CONTENTS_WRITE: Need = &[("contents", Write)];
const CHECKS_WRITE: Need = &[("checks", Write)];

/// All of these are needed.
pub(super) fn needs(kind: Kind) -> &'static [Need] {
    match kind {
        // A job's annotations need `checks` too; without it they are left out, and the message says so.
        Kind::ReadRun | Kind::ListFailedJobs | Kind::ReadJobLog | Kind::ReadTestReports => {
            &[ACTIONS_READ]
        }
        Kind::RerunFailedJobs | Kind::RerunRun | Kind::DeleteCaches | Kind::DispatchWorkflow => {
            &[ACTIONS_WRITE]
        }
        Kind::CreateIssue => &[ISSUES_WRITE],
        Kind::UpdateIssue | Kind::CreateComment | Kind::UpdateComment | Kind::AddLabels => {
            &[CONVERSATION]
        }
        Kind::ProposeFile => &[CONTENTS_WRITE, PULLS_WRITE],
        Kind::ReadFile => &[CONTENTS_READ],
        Kind::FindPulls => &[PULLS_READ],
        Kind::CreateCheckRun | Kind::UpdateCheckRun => &[CHECKS_WRITE],
        Kind::ListFailedDeliveries | Kind::Redeliver => &[],
    }
}

#[cfg(test)]
mod docs {
    use super::*;
    use std::collections::BTreeMap;
    use strum::IntoEnumIterator as _;

    #[test]
    fn the_docs_ask_for_each_permission_that_an_effect_needs_and_for_no_more() {
        let docs = include_str!("../../docs/github.md");
        let (_, table) = docs.split_once("**Repository permissions.**").unwrap();
        let (table, _) = table.split_once("**Events.**").unwrap();
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
        let asked: BTreeMap<&str, Level> = rows
            .map(|row| {
                let mut cells = row.split('|').map(str::trim);
                let name = cells.next().unwrap().trim_end_matches('`');
                let level = match cells.next() {
                    Some("read") => Read,
                    Some("read and write") => Write,
                    other => panic!("{other:?}"),
                };
                (name, level)
            })
            .collect();
        // GitHub sends `deployment_status` only with it.
        let mut needed = BTreeMap::from([("deployments", Read)]);
        for (name, level) in Kind::iter().flat_map(needs).copied().flatten() {
            let most = needed.entry(*name).or_insert(*level);
            *most = (*most).max(*level);
        }
        assert_eq!(asked, needed);
    }
}
