//! Starts the app of a story, and turns its motor.

use super::Database;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;
use wardroom::app::App;
use wardroom::config::Config;
use wardroom::edge::server::{Stage, serve};
use wardroom::engine::clock::Clock;
use wardroom::store::{Batching, Seal, Settings, Store, Way};

pub async fn start(
    env: &HashMap<String, String>,
    database: &Database,
    clock: &Clock,
    batching: Batching,
) -> (App, Store, String, watch::Sender<Stage>) {
    let loaded = Config::load(None, &|name| env.get(name).cloned());
    let (config, _notices) = loaded.unwrap_or_else(|problems| panic!("{problems:#?}"));
    let store = Store::connect(Settings {
        servers: database.options.clone().into(),
        max_connections: 6,
        way: Way::Direct,
        batching,
        seal: config
            .process
            .encryption_key
            .as_ref()
            .map(|key| Arc::new(Seal::new(key.expose()))),
    });
    let app =
        App::assemble(config, store.clone(), clock.clone(), Arc::default()).expect("the parts fit");
    // The watchdog does this in production. A story in which Slack does not answer goes on.
    let _known = app.identify_bot().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (stage, stages) = watch::channel(Stage::Serving);
    let limit = wardroom::edge::ConnectionLimit {
        total: 64,
        per_client: 64,
        trusted: Vec::new(),
    };
    tokio::spawn(serve(listener, app.router.clone(), stages, limit));
    (app, store, url, stage)
}

/// One signal and one batch of effects; whether there were any.
pub async fn turn(app: &App) -> bool {
    let decided = app.engine.intake_step().await;
    let delivered = app.engine.delivery_step().await;
    decided.expect("the database answers") || delivered.expect("the database answers") > 0
}

/// The configuration of a story that brings none.
pub const CONFIG: &str = "
services:
  api: { owners: [U0BEA], statuspage_component: kx1 }
  web shop: { statuspage_component: kx1 }
  db: {}
admins: [U0ADA]
routing:
  P1: { channels: [C0OPS], users: [U0DAN] }
  P2: { channels: [C0ENG] }
";

pub fn write_config(yaml: &str) -> String {
    let path = std::env::temp_dir().join(format!("wardroom-{}.yaml", uuid::Uuid::new_v4()));
    std::fs::write(&path, yaml).expect("the temporary folder can be written");
    path.to_string_lossy().into_owned()
}
