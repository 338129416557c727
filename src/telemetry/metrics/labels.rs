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

/// What a signal was: the kinds of rows.
pub(super) const EVENT_TYPES: Set = Set(&[
    // Slack
    "command",
    "block_actions",
    "view_submission",
    "view_closed",
    "shortcut",
    "message_action",
    "channel_archive",
    "channel_unarchive",
    "channel_deleted",
    "channel_rename",
    "group_archive",
    "group_unarchive",
    "group_deleted",
    "group_rename",
    "app_rate_limited",
    "event",
    // GitHub
    "workflow_run",
    "workflow_job",
    "check_run",
    "check_suite",
    "push",
    "pull_request",
    "issues",
    "issue_comment",
    "deployment_status",
    "installation",
    "installation_repositories",
    "status",
    "ping",
    // the API
    "declare",
    "update",
    "investigating",
    "identified",
    "monitoring",
    "severity",
    "assign",
    "resolve",
    // our own
    "receipt",
    "timer",
    "parked",
    "stale",
]);
pub(super) const EVENT_STATUSES: Set = Set(&[
    "done",
    "refused",
    "ignored",
    "duplicate",
    "failed",
    "parked",
]);
pub(super) const COMPONENTS: Set = Set(&[
    "edge",
    "engine",
    "store",
    "slack",
    "github",
    "statuspage",
    "telemetry",
    "config",
]);

/// The names of acts.
pub(super) const COMMANDS: Set = Set(&[
    "menu",
    "declare_form",
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
pub(super) const CALL_RESULTS: Set = Set(&["ok", "error", "rate_limited", "uncertain", "failed"]);
pub(super) const NOTIFICATION_CHANNELS: Set = Set(&["room", "person"]);
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
pub(super) const SERVICES: Set = Set(&["slack", "statuspage", "github"]);
pub(super) const CACHES: Set = Set(&["readiness"]);
pub(super) const JOBS: Set = Set(&["sweep", "retention"]);
