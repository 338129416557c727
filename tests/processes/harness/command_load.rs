//! People who type without a pause while processes die, and the ledger of what they were told.
//!
//! Every command has words of its own, so that what became of it can be counted in the channels. What
//! was answered 200 must be there exactly once; what was not may be there, and never twice. Some
//! requests are sent again as they were: an answer that was lost makes a sender do that.

use super::Deployment;
use ::simulator::{AppResponse, Signing, Workspace};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What a command was to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// An update in this channel.
    Update(String),
    /// A new incident, told in #engineering.
    Declare,
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub asked: Asked,
    pub acknowledged: bool,
}

/// What was typed, by its words.
#[derive(Default)]
pub struct Ledger {
    entries: Mutex<BTreeMap<String, Entry>>,
    next: AtomicUsize,
    refused: Mutex<BTreeMap<String, usize>>,
    waiting: watch::Sender<usize>,
}

impl Ledger {
    pub fn entries(&self) -> BTreeMap<String, Entry> {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How many were answered 200, and how many not.
    pub fn counts(&self) -> (usize, usize) {
        let entries = self.entries();
        let yes = entries.values().filter(|entry| entry.acknowledged).count();
        (yes, entries.len() - yes)
    }

    /// What was answered instead of 200, and how often.
    pub fn refusals(&self) -> BTreeMap<String, usize> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until so many typists wait for an answer.
    pub async fn awaited(&self, many: usize) {
        let mut waiting = self.waiting.subscribe();
        let found = waiting.wait_for(|waiting| *waiting >= many).await;
        found.expect("commands are sent");
    }

    fn words(&self) -> String {
        // No word is another one's beginning.
        format!("words-{:05}-end", self.next.fetch_add(1, Ordering::SeqCst))
    }

    fn note(&self, words: &str, asked: Asked, acknowledged: bool) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.entry(words.to_owned()).or_insert(Entry {
            asked,
            acknowledged,
        });
        entry.acknowledged |= acknowledged;
    }

    fn note_answer(&self, response: &AppResponse) {
        if response.is_ok() {
            return;
        }
        let what = match (response.status, &response.error) {
            (Some(status), _) => status.to_string(),
            (None, Some(why)) if why == "timeout" => "timeout".to_owned(),
            (None, _) => "no connection".to_owned(),
        };
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused.entry(what).or_default() += 1;
    }
}

/// A typist's next sending of a form.
async fn send(slack: &Workspace, path: &str, body: &str) -> AppResponse {
    let kind = "application/x-www-form-urlencoded".to_owned();
    let headers = vec![("content-type".to_owned(), kind)];
    slack
        .send_as_slack(path, headers, body.as_bytes().to_vec(), Signing::Good)
        .await
}

/// People at work until they are told to stop.
pub struct CommandLoad {
    pub ledger: Arc<Ledger>,
    stop: watch::Sender<bool>,
    people: JoinSet<()>,
}

impl CommandLoad {
    /// One typist for each channel, and one who declares incidents; each types every `pace`.
    pub fn start(deployment: &Deployment, channels: &[String], pace: Duration) -> Self {
        let ledger = Arc::new(Ledger::default());
        let (stop, stopping) = watch::channel(false);
        let mut people = JoinSet::new();
        for (seat, channel) in channels.iter().enumerate() {
            people.spawn(type_on(
                deployment.slack.clone(),
                ledger.clone(),
                Some(channel.clone()),
                pace + Duration::from_millis(17 * seat as u64),
                stopping.clone(),
            ));
        }
        let (slack, declares) = (deployment.slack.clone(), pace * 6);
        people.spawn(type_on(slack, ledger.clone(), None, declares, stopping));
        Self {
            ledger,
            stop,
            people,
        }
    }

    pub async fn stop(mut self) -> Arc<Ledger> {
        self.stop.send_replace(true);
        while let Some(ended) = self.people.join_next().await {
            ended.unwrap();
        }
        self.ledger
    }
}

async fn type_on(
    slack: Workspace,
    ledger: Arc<Ledger>,
    channel: Option<String>,
    pace: Duration,
    mut stopping: watch::Receiver<bool>,
) {
    let mut beat = tokio::time::interval(pace);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut number = 0_u32;
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        number += 1;
        let words = ledger.words();
        let (place, text, asked) = match &channel {
            Some(channel) => (
                channel.as_str(),
                format!("status {words}"),
                Asked::Update(channel.clone()),
            ),
            None => ("general", format!("declare P2 api {words}"), Asked::Declare),
        };
        let (path, body, _) = slack
            .person("ada")
            .command_form(place, "/incident", &text)
            .unwrap();
        ledger.note(&words, asked.clone(), false);
        ledger.waiting.send_modify(|waiting| *waiting += 1);
        let response = send(&slack, &path, &body).await;
        ledger.waiting.send_modify(|waiting| *waiting -= 1);
        ledger.note_answer(&response);
        ledger.note(&words, asked.clone(), response.is_ok());
        // The same request once more: after a lost answer, and sometimes just so.
        if number.is_multiple_of(if response.is_ok() { 5 } else { 2 }) {
            let again = send(&slack, &path, &body).await;
            ledger.note_answer(&again);
            ledger.note(&words, asked, again.is_ok());
        }
    }
}

/// Declares incidents and gives their channels, once they are there.
pub async fn channels(deployment: &Deployment, many: usize) -> Vec<String> {
    for number in 0..many {
        let line = format!("declare P3 db channel-{number}");
        let response = deployment
            .slack
            .person("ada")
            .command("general", "/incident", &line)
            .await;
        assert!(response.is_ok(), "{response:?}");
    }
    let found = deployment
        .slack
        .wait_until(Duration::from_secs(60), |slack| {
            let snapshot = slack.snapshot();
            let carded = snapshot
                .channels
                .iter()
                .filter(|channel| !channel.pins.is_empty());
            let channels: Vec<String> = carded.map(|channel| channel.id.clone()).collect();
            (channels.len() == many).then_some(channels)
        });
    found.await.expect("the channels are there")
}

/// Waits until everything that was acknowledged is in its channel, then counts.
pub async fn nothing_lost_nothing_twice(deployment: &Deployment, ledger: &Ledger, limit: Duration) {
    let entries = ledger.entries();
    let acknowledged: Vec<&String> = entries
        .iter()
        .filter_map(|(words, entry)| entry.acknowledged.then_some(words))
        .collect();
    let drained = deployment
        .slack
        .wait_until(limit, |_| {
            let said = deployment.public_messages();
            let all: String = said
                .iter()
                .map(|(_, message)| message.words.as_str())
                .collect();
            acknowledged
                .iter()
                .all(|words| all.contains(*words))
                .then_some(())
        })
        .await;
    if drained.is_err() {
        let said = deployment.public_messages();
        let all: String = said
            .iter()
            .map(|(_, message)| message.words.as_str())
            .collect();
        let missing: Vec<_> = acknowledged
            .iter()
            .filter(|words| !all.contains(**words))
            .collect();
        panic!(
            "acknowledged and not in the channels after {limit:?}: {missing:?}\ninbox:\n{}\noutbox:\n{}",
            deployment.list("select format('%s %s %s %s', kind, state, blocked, error) from inbox where state <> 'done'").await.join("\n"),
            deployment.list("select format('%s %s %s run_at %s: %s', lane, kind, state, run_at, error) from outbox where state <> 'done'").await.join("\n"),
        );
    }
    deployment.settle(limit).await;
    count(deployment, &entries).await;
}

async fn count(deployment: &Deployment, entries: &BTreeMap<String, Entry>) {
    // An answer that was in progress in a killed process is given once more, perhaps as a direct
    // message: it is for its person alone, and no second word in a channel.
    let mut said = deployment.public_messages();
    said.retain(|(channel, _)| !channel.starts_with('D'));
    let timeline = deployment
        .list("select text from incident_timeline where kind = 'status_update'")
        .await;
    let titles = deployment.list("select title from incidents").await;
    let mut wrong = Vec::new();
    for (words, entry) in entries {
        let places: Vec<&String> = said
            .iter()
            .filter_map(|(channel, message)| message.words.contains(words).then_some(channel))
            .collect();
        let kept = match entry.asked {
            Asked::Update(_) => timeline.iter().filter(|text| text.contains(words)).count(),
            Asked::Declare => titles.iter().filter(|title| title.contains(words)).count(),
        };
        let there: BTreeSet<&String> = places.iter().copied().collect();
        // A declaration is on its card and in #engineering, once each.
        let (messages, in_order) = match &entry.asked {
            Asked::Update(channel) => (1, there.iter().all(|at| *at == channel)),
            Asked::Declare => (2, there.len() == places.len()),
        };
        let whole = places.len() == messages && kept == 1 && in_order;
        let nothing = places.is_empty() && kept == 0;
        if !(whole || nothing && !entry.acknowledged) {
            wrong.push(format!(
                "{words}: acknowledged {}, {kept} rows, in {places:?}",
                entry.acknowledged
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "lost or done twice:\n{}",
        wrong.join("\n")
    );
    in_order(&said, entries);
}

/// In each channel the updates stand in the order in which they were typed.
fn in_order(said: &[(String, ::simulator::MessageView)], entries: &BTreeMap<String, Entry>) {
    let mut last: BTreeMap<&String, &String> = BTreeMap::new();
    for (channel, message) in said {
        let typed = entries.iter().find(|(words, entry)| {
            matches!(&entry.asked, Asked::Update(at) if at == channel)
                && message.words.contains(*words)
        });
        let Some((words, _)) = typed else { continue };
        if let Some(before) = last.insert(channel, words) {
            assert!(before < words, "{channel}: {words} comes after {before}");
        }
    }
}
