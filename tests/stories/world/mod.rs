//! A story's world: a database of its own, the app on a free port, a Slack workspace with Slack's
//! own rules, and a clock that only the story moves.
//!
//! Nothing is mocked: the real couriers talk to real servers over HTTP. [`World::settle`] calls the
//! steps of production until nothing is open at the present moment; no test waits for time to pass.
//! [`World::finish`] fails on anything that the story did not expect: a message, a parked row, a
//! line at ERROR.

mod database;
mod github;
mod log;
mod messages;
mod people;
#[path = "../../support/simulated.rs"]
mod simulated;
mod start;

pub use database::{Database, server};
pub use messages::SeenMessage;
pub use people::{Answered, answered};
pub use start::CONFIG;

use chrono::{DateTime, Duration, Utc};
use simulator::Workspace;
use start::{start, turn, write_config};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tokio::sync::watch;
use wardroom::app::App;
use wardroom::edge::server::Stage;
use wardroom::engine::clock::Clock;
use wardroom::engine::{Duties, Process};
use wardroom::store::{Batching, OutboxRow, Store};

/// The bearer token of the API in a story.
pub const ADMIN_TOKEN: &str = "an-admins-token";

/// People and channels that every story has: Ada (an admin), Bea, Cem, Dan (told of each P1), and
/// #general, #ops (told of each P1), #engineering (told of each P2), #builds (told of nothing).
pub struct World {
    pub slack: Workspace,
    pub app: App,
    pub store: Store,
    pub clock: Clock,
    /// Where the app listens.
    pub url: String,
    pub database: Database,
    seen: BTreeSet<(String, String)>,
    people: HashMap<&'static str, String>,
    log: log::Log,
    duties: Duties,
    process: Process,
    stage: watch::Sender<Stage>,
    env: HashMap<String, String>,
    config: String,
}

/// When every story begins.
pub fn story_start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_355_600, 0).expect("2026-03-01 09:00 UTC")
}

impl World {
    /// A world with the services `api` (owned by Bea), `web shop` and `db`.
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// The same with more variables, or others.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        Self::with_config(CONFIG, variables).await
    }

    /// A world with a configuration of its own.
    pub async fn with_config(config: &str, variables: &[(&str, &str)]) -> Self {
        Self::made(config, variables, false).await
    }

    async fn made(config: &str, variables: &[(&str, &str)], with_app: bool) -> Self {
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let log = log::listen();
        let clock = Clock::manual(story_start());
        let slack_clock = clock.clone();
        let mut options = simulated::options(Arc::new(move || slack_clock.now()));
        options.app.signing_secret = "a-signing-secret".to_owned();
        options.app.github_secret = "a-webhook-secret".to_owned();
        let (token, key) = (options.app.token.clone(), options.statuspage_key.clone());
        let slack = Workspace::start(options)
            .await
            .expect("the workspace starts");
        let mut people = HashMap::new();
        for (name, id) in [
            ("ada", "U0ADA"),
            ("bea", "U0BEA"),
            ("cem", "U0CEM"),
            ("dan", "U0DAN"),
        ] {
            people.insert(name, slack.add_user(Some(id), name));
        }
        let everybody: Vec<&str> = people.values().map(String::as_str).collect();
        for (id, name) in [
            ("C0OPS", "ops"),
            ("C0ENG", "engineering"),
            ("C0BUILDS", "builds"),
        ] {
            let public = simulator::ChannelType::Public;
            slack.add_channel(Some(id), name, public, &everybody);
        }
        for person in people.values() {
            slack
                .person(person)
                .join("general")
                .expect("#general is open");
        }
        let host = slack.base_url().replace("http://", "");
        let mut env: HashMap<String, String> = [
            ("SLACK_API_URL", slack.api_url().as_str()),
            ("SLACK_BOT_TOKEN", token.as_str()),
            ("SLACK_SIGNING_SECRET", "a-signing-secret"),
            ("SLACK_RESPONSE_URL_HOSTS", host.as_str()),
            ("GITHUB_WEBHOOK_SECRET", "a-webhook-secret"),
            ("STATUSPAGE_API_KEY", key.as_str()),
            ("STATUSPAGE_PAGE_ID", "page1"),
            ("STATUSPAGE_API_URL", slack.base_url().as_str()),
            ("ADMIN_TOKEN", ADMIN_TOKEN),
            ("RATE_LIMIT_PER_MINUTE", "0"),
            ("METRICS_PORT", "0"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        if with_app {
            env.extend(github::installed(&slack.github()));
        }
        let file = write_config(config);
        env.insert("WARDROOM_CONFIG".to_owned(), file.clone());
        for (name, value) in variables {
            env.insert((*name).to_owned(), (*value).to_owned());
        }
        let database = Database::fresh().await;
        let (app, store, url, stage) = start(&env, &database, &clock, Batching::On).await;
        let _gone = std::fs::remove_file(&file);
        slack.set_app_url(Some(&url));
        Self {
            slack,
            app,
            store,
            clock,
            url,
            database,
            seen: BTreeSet::new(),
            people,
            log,
            duties: Duties::default(),
            process: Process {
                id: uuid::Uuid::new_v4(),
                host: "story".to_owned(),
                started_at: story_start(),
            },
            stage,
            env,
            config: config.to_owned(),
        }
    }

    /// Runs claim, decide and deliver until nothing is open at this moment.
    pub async fn settle(&mut self) {
        loop {
            let mut moved = false;
            while self
                .app
                .engine
                .intake_step()
                .await
                .expect("the database answers")
            {
                moved = true;
            }
            moved |= self
                .app
                .engine
                .delivery_step()
                .await
                .expect("the database answers")
                > 0;
            let ticked = self.app.engine.tick(&mut self.duties, &self.process).await;
            moved |= ticked.expect("the database answers") > 0;
            if !moved {
                return;
            }
        }
    }

    /// The same while Slack still delivers events of what people did.
    pub async fn settle_with_events(&mut self) {
        while self.slack.events_open().0 > 0 {
            self.settle().await;
            tokio::task::yield_now().await;
        }
        self.settle().await;
    }

    /// The same with the motor of a second process turning beside this one's.
    pub async fn settle_beside(&mut self, other: &App) {
        loop {
            let (here, there) = tokio::join!(turn(&self.app), turn(other));
            if !here && !there {
                break;
            }
        }
        self.settle().await;
    }

    /// Lets time pass, and what becomes due in it happen.
    pub async fn pass(&mut self, time: Duration) {
        self.clock.advance(time);
        self.settle().await;
    }

    /// Lets time pass in steps until everything that was uncertain or had failed is settled.
    pub async fn pass_in_steps(&mut self, step: Duration, steps: u32) {
        for _ in 0..steps {
            self.pass(step).await;
        }
    }

    /// Ends this process's part and starts another on the same database: as after a deployment.
    /// Nothing that was in memory is left.
    pub async fn restart(&mut self) {
        self.stage.send_replace(Stage::Closing);
        self.store.close().await;
        let file = write_config(&self.config);
        self.env.insert("WARDROOM_CONFIG".to_owned(), file.clone());
        let (app, store, url, stage) =
            start(&self.env, &self.database, &self.clock, Batching::On).await;
        let _gone = std::fs::remove_file(&file);
        self.slack.set_app_url(Some(&url));
        (self.app, self.store, self.url, self.stage) = (app, store, url, stage);
        self.duties = Duties::default();
    }

    /// Starts again with the bot's token.
    pub async fn restart_with_token(&mut self) {
        let token = "xoxb-sim-bot-token".to_owned();
        self.env.insert("SLACK_BOT_TOKEN".to_owned(), token);
        self.restart().await;
        self.settle().await;
    }

    /// Starts again without it.
    pub async fn restart_without_token(&mut self) {
        self.env.remove("SLACK_BOT_TOKEN");
        self.restart().await;
    }

    /// The same with another configuration.
    pub async fn restart_with_config(&mut self, config: &str) {
        config.clone_into(&mut self.config);
        self.restart().await;
    }

    /// The same with another value of a variable.
    pub async fn restart_with_variable(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
        self.restart().await;
    }

    /// Another process on the same database, with an address of its own.
    pub async fn replica(&self) -> (App, String) {
        let file = write_config(&self.config);
        let mut env = self.env.clone();
        env.insert("WARDROOM_CONFIG".to_owned(), file.clone());
        let (app, _store, url, stage) =
            start(&env, &self.database, &self.clock, Batching::On).await;
        let _gone = std::fs::remove_file(&file);
        // It serves as long as the story lasts.
        std::mem::forget(stage);
        (app, url)
    }

    /// Rows of the outbox in a state, newest first.
    pub async fn effects(&self, state: &str) -> Vec<OutboxRow> {
        self.store
            .outbox_rows(Some(state), 200, None)
            .await
            .expect("the database answers")
            .items
    }

    /// All that was logged so far, at any level.
    pub fn log(&self) -> Vec<String> {
        self.log.all()
    }

    /// The lines at ERROR so far, for stories in which there are meant to be some.
    pub fn error_lines(&self) -> Vec<String> {
        self.log.errors()
    }

    /// Does one statement in the story's database, as an operator with a console would.
    pub async fn sql(&self, statement: &str) -> u64 {
        let mut connection = self.database.connection().await;
        let done = sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&mut connection)
            .await;
        done.expect("the statement is right").rows_affected()
    }

    /// Ends a story: fails on an unexpected message, a parked row, or an ERROR line.
    pub async fn finish(mut self) {
        self.settle().await;
        self.expect_no_message();
        let parked = self.effects("parked").await;
        assert!(parked.is_empty(), "parked effects: {parked:#?}");
        let parked = self
            .store
            .inbox_rows(Some("parked"), 50, None)
            .await
            .expect("it answers");
        assert!(
            parked.items.is_empty(),
            "parked signals: {:#?}",
            parked.items
        );
        let errors = self.log.errors();
        assert!(errors.is_empty(), "lines at ERROR: {errors:#?}");
        self.end().await;
    }

    /// Ends a story in which something was meant to be parked or logged as an error; it has looked
    /// at that itself. Unexpected messages fail it all the same.
    pub async fn finish_after_faults(mut self) {
        self.settle().await;
        self.expect_no_message();
        self.end().await;
    }

    async fn end(self) {
        self.stage.send_replace(Stage::Closing);
        self.slack.stop();
        self.store.close().await;
        self.database.drop_now().await;
    }
}
