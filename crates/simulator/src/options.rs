//! The options of a workspace.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::limits::Limits;

pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

pub struct Options {
    pub bind: SocketAddr,
    pub now: Now,
    pub limits: Limits,
    pub team_id: String,
    pub team_name: String,
    /// The characters of text that all blocks of a message may contain.
    pub max_block_text: usize,
    /// The first id. Two workspaces that use the same database need different ids.
    pub first_id: u64,
    pub statuspage_key: String,
    pub app: App,
}

/// The app under test, as it is configured at Slack and GitHub.
#[derive(Clone)]
pub struct App {
    pub base_url: Option<String>,
    /// The request URLs, below the base URL.
    pub commands_path: String,
    pub interactions_path: String,
    pub events_path: String,
    pub github_path: String,
    /// The name of the app and of its bot.
    pub name: String,
    pub app_id: String,
    /// Generated if it is not given.
    pub bot_user_id: Option<String>,
    pub token: String,
    pub signing_secret: String,
    pub github_secret: String,
    pub scopes: Vec<String>,
    pub events: Vec<String>,
    /// How long Slack waits for a response.
    pub timeout: Duration,
    /// Whether `&`, `<` and `>` are escaped in text from modals.
    pub escape_modal_text: bool,
}

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
    /// A workspace on a free port of loopback, without rate limits.
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
            commands_path: "/commands".to_owned(),
            interactions_path: "/interactions".to_owned(),
            events_path: "/events".to_owned(),
            github_path: "/webhooks".to_owned(),
            name: "app".to_owned(),
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
