//! What is held back while nothing may be written to GitHub: every kind of its effects.

use super::tests::{claimed, post};
use super::*;
use crate::domain::effect::github::Kind;
use serde_json::json;
use std::collections::BTreeSet;
use strum::VariantNames;

fn dropped(claimed: &Claimed, why: Option<HeldBack>) -> Option<String> {
    match held_back(claimed, why)? {
        Ending::Over(End::Dropped { why }) => Some(why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_written_to_github_while_it_is_held_back() {
    let of = |kind: &str, is_write: bool| (kind.to_owned(), is_write);
    let table = [
        of("read_run", false),
        of("list_failed_jobs", false),
        of("read_job_log", false),
        of("read_test_reports", false),
        of("rerun_failed_jobs", true),
        of("rerun_run", true),
        of("delete_caches", true),
        of("dispatch_workflow", true),
        of("create_issue", true),
        of("update_issue", true),
        of("create_comment", true),
        of("update_comment", true),
        of("add_labels", true),
        of("propose_file", true),
        of("read_file", false),
        of("find_pulls", false),
        of("create_check_run", true),
        of("update_check_run", true),
        of("list_failed_deliveries", false),
        of("redeliver", false),
    ];
    let named: BTreeSet<&str> = table.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(named, Kind::VARIANTS.iter().copied().collect());
    for (why, code) in [
        (HeldBack::SelfHealingOff, "self_healing_off"),
        (HeldBack::DryRun, "dry_run"),
        (HeldBack::RepositoryOff, "repository_off"),
        (HeldBack::RepositoryDryRun, "repository_dry_run"),
        (HeldBack::OwnFileUnread, "own_file_unread"),
        (HeldBack::LabelledOff, "labelled_off"),
    ] {
        for (kind, is_write) in &table {
            let effect: Effect = serde_json::from_value(json!({ "github": {
                "kind": kind, "repository": "acme/api", "run": 1, "attempt": 1, "job": 1, "artifact": 1,
                "reports": [], "reference": "main", "workflow": "rollback.yml", "inputs": {}, "number": 1,
                "title": "", "body": "", "labels": [], "comment": 1, "branch": "wardroom/x", "path": "x",
                "content": "", "sha": "abc", "name": "x", "check_run": 1, "delivery": 1,
                "since": "2026-01-01T00:00:00Z",
                "check": {"conclusion": null, "title": "", "summary": "", "actions": []},
            }}))
            .unwrap_or_else(|error| panic!("{kind}: {error}"));
            let mut waiting = claimed(effect);
            let wanted = is_write.then_some(code);
            assert_eq!(dropped(&waiting, Some(why)).as_deref(), wanted, "{kind}");
            assert_eq!(dropped(&waiting, None), None, "{kind}");
            // What may have been sent is only looked up, which reads.
            waiting.uncertain = true;
            let is_looked_up = waiting.effect.repeat() == Repeat::LookUpFirst;
            let wanted = wanted.filter(|_| !is_looked_up);
            assert_eq!(dropped(&waiting, Some(why)).as_deref(), wanted, "{kind}");
        }
    }
    let message = claimed(post());
    assert_eq!(dropped(&message, Some(HeldBack::SelfHealingOff)), None);
}
