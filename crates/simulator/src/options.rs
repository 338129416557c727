//! What a workspace is started with. Nothing is read from the environment here.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::limits::Limits;

/// The clock of a workspace: tests pass a manual one.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What a workspace is started with.
pub struct Options {
    /// Where to listen; port 0 picks a free one.
    pub bind: SocketAddr,
    /// The clock.
    pub now: Now,
    /// Whether Slack's rates hold.
    pub limits: Limits,
    /// The team's id.
    pub team_id: String,
    /// The team's name and domain.
    pub team_name: String,
    /// Characters of text that the blocks of one message may hold together.
    pub max_block_text: usize,
    /// Ids are counted from here: two workspaces that meet one database must not share them.
    pub first_id: u64,
    /// The key that Statuspage takes.
    pub statuspage_key: String,
    /// The app under test.
    pub app: App,
}

/// The app under test, as its configuration page at Slack and GitHub would have it.
#[derive(Clone)]
pub struct App {
    /// Where it listens; none until it does.
    pub base_url: Option<String>,
    /// Path for slash commands.
    pub commands_path: String,
    /// Path for clicks and submissions.
    pub interactions_path: String,
    /// Path for events.
    pub events_path: String,
    /// Path for GitHub's webhooks.
    pub github_path: String,
    /// The bot's name.
    pub name: String,
    /// The app's id.
    pub app_id: String,
    /// The bot's user id; Slack's choice when none.
    pub bot_user_id: Option<String>,
    /// The bot token.
    pub token: String,
    /// What Slack signs with.
    pub signing_secret: String,
    /// What GitHub signs with.
    pub github_secret: String,
    /// Scopes of the bot token.
    pub scopes: Vec<String>,
    /// Events it subscribed to.
    pub events: Vec<String>,
    /// How long Slack waits for an answer.
    pub timeout: Duration,
    /// Whether text typed in modals arrives with `&`, `<`, `>` escaped.
    pub escape_modal_text: bool,
}

/// Scopes that an operations bot asks for.
const SCOPES: &str = "app_mentions:read channels:history \
    channels:join channels:manage channels:read chat:write chat:write.public commands \
    files:write groups:history groups:read groups:write im:history im:read im:write \
    mpim:history mpim:read mpim:write pins:read pins:write \
    team:read usergroups:read users:read";

const EVENTS: &str = "app_mention message.channels message.groups message.im \
    member_joined_channel channel_archive channel_unarchive channel_deleted \
    channel_rename channel_id_changed";

fn words(list: &str) -> Vec<String> {
    list.split_whitespace().map(str::to_owned).collect()
}

impl Options {
    /// A workspace on a free port of loopback, with Slack's limits off.
    pub fn new(now: Now) -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            now,
            limits: Limits::Off,
            team_id: "T0SIMTEAM1".to_owned(),
            team_name: "acme".to_owned(),
            max_block_text: 13_200,
            first_id: 0,
            statuspage_key: "sim-statuspage-key".to_owned(),
            app: App::default(),
        }
    }
}

impl Default for App {
    fn default() -> Self {
        Self {
            base_url: None,
            commands_path: "/slack/commands".to_owned(),
            interactions_path: "/slack/interactions".to_owned(),
            events_path: "/slack/events".to_owned(),
            github_path: "/github/webhooks".to_owned(),
            name: "wardroom".to_owned(),
            app_id: "A0SIMAPP01".to_owned(),
            bot_user_id: None,
            token: "xoxb-sim-bot-token".to_owned(),
            signing_secret: "sim-signing-secret".to_owned(),
            github_secret: "sim-github-secret".to_owned(),
            scopes: words(SCOPES),
            events: words(EVENTS),
            timeout: Duration::from_secs(3),
            escape_modal_text: true,
        }
    }
}
