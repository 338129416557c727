//! Promises of the configuration as a whole, through `Config::load` and with files on disk.
//! Here is what these tests share; single shapes are tested where they are defined.

mod examples;
mod file;
mod foreign;
mod hostile;
mod variables;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("wardroom-config-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn load(file: Option<&Path>, variables: &[(&str, &str)]) -> Loaded {
    let lookup = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Config::load(file, &lookup)
}

/// The first lines of the errors, without the folder.
fn errors(loaded: Loaded, folder: &Folder) -> Vec<String> {
    let prefix = format!("{}/", folder.0.display());
    let problems = loaded.map(|(_, notices)| notices).unwrap_err();
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error);
    errors
        .map(|p| p.to_string().lines().next().unwrap().replace(&prefix, ""))
        .collect()
}

fn errors_of_yaml(yaml: impl AsRef<[u8]>) -> Vec<String> {
    let folder = Folder::new();
    let path = folder.write("f", yaml);
    errors(load(Some(&path), &[]), &folder)
}

fn errors_of(variables: &[(&str, &str)]) -> Vec<String> {
    let folder = Folder::new();
    let path = folder.write("f", "");
    errors(load(Some(&path), variables), &folder)
}

fn loaded(yaml: &str, variables: &[(&str, &str)]) -> (Config, Vec<Notice>) {
    let folder = Folder::new();
    let path = folder.write("f", yaml);
    let loaded = load(Some(&path), variables);
    let shown = report(&loaded);
    loaded.unwrap_or_else(|_| panic!("refused:\n{shown}"))
}

/// The documented keys as they are shown to the world.
const CONTRACT: &str = r##"
version: "1"                           # optional
extends: []                            # local files
services:
  api:
    owners: [U024BE7LH]                # Slack user ids
    repositories: [acme/api]           # GitHub, owner/name
    statuspage_component: kx1
    channels: [C024BE91L]
admins: [U024ADMIN]
routing:
  P1: { channels: [C1], users: [U1] }
  P2: { channels: [C2] }
github:
  repositories: ["acme/*"]
  channel: C024CI
  max_reruns_per_run: 2
  rerun_delays: [60s, 300s]
  cooldown: 1h
heartbeats:
  sensor-7: { period: 60s, grace: 120s, service: api, severity: P3, token: "${SENSOR_7_TOKEN}" }
  nightly: { cron: "0 2 * * *", zone: Europe/Berlin, grace: 30m, max_runtime: 2h, service: db }
alerts:
  keys:
    zabbix: { token: "${ZABBIX_KEY:-z}", service: db }
  routes:
    - match: { severity: critical, service: api }
      incident: P2
      channel: C024ALERTS
      group_by: [alertname, service]
"##;
