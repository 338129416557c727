//! The bounded sets that labels come from.
//!
//! A value outside of its set is counted as `other`: an id or a text that strays into a label can
//! never grow the number of series.

use crate::domain::effect::Effect;

/// A set of label values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set(pub(super) &'static [&'static str]);

impl Set {
    /// The value itself when it belongs to the set, else `other`.
    pub(super) fn bound(self, value: &str) -> &'static str {
        self.0
            .iter()
            .find(|known| **known == value)
            .copied()
            .unwrap_or("other")
    }
}

pub(super) const SEVERITIES: [&str; 4] = ["P1", "P2", "P3", "P4"];
pub(super) const SEVERITY: Set = Set(&SEVERITIES);
pub(super) const QUEUES: [&str; 2] = ["inbox", "outbox"];

/// What a signal was: the row's source and kind, as [`super::event_type`] joins them.
pub(super) const EVENT_TYPES: Set = Set(&[
    "slack_command",
    "slack_click",
    "slack_submission",
    "slack_app_rate_limited",
    "slack_event_channel_archive",
    "slack_event_channel_unarchive",
    "slack_event_channel_deleted",
    "slack_event_channel_rename",
    "slack_event_channel_id_changed",
    "slack_event_group_archive",
    "slack_event_group_unarchive",
    "slack_event_group_rename",
    // not kept
    "slack_view_closed",
    "slack_shortcut",
    "slack_interaction",
    "slack_event",
    "slack_own_event",
    "slack_foreign",
    "github_workflow_run",
    "github_workflow_job",
    "github_check_run",
    "github_check_suite",
    "github_push",
    "github_pull_request",
    "github_issues",
    "github_issue_comment",
    "github_deployment_status",
    "github_installation",
    "github_installation_repositories",
    "github_status",
    "api_declare",
    "api_status",
    "api_investigating",
    "api_identified",
    "api_monitoring",
    "api_severity",
    "api_assign",
    "api_resolve",
    "receipt_create_room",
    "receipt_post_message",
    "receipt_direct_message",
    "receipt_update_card",
    "receipt_pin",
    "receipt_invite",
    "receipt_set_topic",
    "receipt_reply",
    "receipt_whisper",
    "receipt_open_form",
    "receipt_update_form",
    "receipt_stage_file",
    "receipt_share_file",
    "receipt_show_component",
    "timer_room_overdue",
    "engine_parked",
    "engine_stale",
]);
pub(super) const EVENT_STATUSES: Set = Set(&[
    "done",
    "refused",
    "ignored",
    "incomplete",
    "duplicate",
    "failed",
    "parked",
]);
/// Each is counted somewhere: a label that could never rise would say that all is well there.
pub(super) const COMPONENTS: Set =
    Set(&["config", "edge", "engine", "slack", "statuspage", "store"]);

/// The names of acts.
pub(super) const COMMANDS: Set = Set(&[
    "menu",
    "declare_form",
    "resolve_form",
    "template",
    "declare",
    "status",
    "investigating",
    "identified",
    "monitoring",
    "severity",
    "assign",
    "resolved",
    "timeline",
    "postmortem",
    "list",
    "help",
    "unknown",
]);
pub(super) const COMMAND_RESULTS: Set = Set(&["done", "refused", "ignored", "failed"]);
pub(super) const SLACK_METHODS: Set = Set(&[
    "auth.test",
    "chat.postEphemeral",
    "chat.postMessage",
    "chat.update",
    "conversations.create",
    "conversations.history",
    "conversations.info",
    "conversations.invite",
    "conversations.join",
    "conversations.list",
    "conversations.open",
    "conversations.replies",
    "conversations.setTopic",
    "files.completeUploadExternal",
    "files.getUploadURLExternal",
    "files.upload",
    "pins.add",
    "response_url",
    "users.info",
    "views.open",
    "views.update",
]);
pub(super) const CALL_RESULTS: Set = Set(&["ok", "refused", "later", "failed", "uncertain"]);
pub(super) const NOTIFICATION_CHANNELS: Set = Set(&["channel", "dm"]);
pub(super) const NOTIFICATION_STATUSES: Set = Set(&["sent", "failed", "throttled", "uncertain"]);
pub(super) const ACTIONS: Set = Set(&Effect::KINDS);
pub(super) const ACTION_STATUSES: Set = Set(&[
    "done",
    "refused",
    "expired",
    "uncertain",
    "parked",
    "dropped",
]);
pub(super) const SERVICES: Set = Set(&["slack", "statuspage"]);
pub(super) const CACHES: Set = Set(&["readiness"]);
pub(super) const JOBS: Set = Set(&["sweep", "retention"]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_row_that_is_ours_has_a_label() {
        for kind in Effect::KINDS {
            let label = super::super::event_type("receipt", kind);
            assert_eq!(EVENT_TYPES.bound(&label), label);
        }
        for timer in crate::domain::signal::Timer::ALL {
            let label = super::super::event_type("timer", timer.as_str());
            assert_eq!(EVENT_TYPES.bound(&label), label);
        }
        for kind in crate::slack::address::USED_EVENTS {
            let label = super::super::event_type("slack", &format!("event:{kind}"));
            assert_eq!(EVENT_TYPES.bound(&label), label);
        }
        for kind in crate::github::address::KEPT {
            let label = super::super::event_type("github", kind);
            assert_eq!(EVENT_TYPES.bound(&label), label);
        }
    }
}
