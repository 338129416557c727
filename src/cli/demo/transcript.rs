//! Prints what each person sees, as it arrives: messages, edits, pins, modals, files.
//!
//! It compares the workspace with what it has printed before, so each change is printed once. It
//! only reads. While a line is being typed, the prompt's editor prints everything above that line.

use super::text::{self, Names};
use crate::cli::output;
use simulator::{ChannelView, MessageView, Snapshot, Workspace};
use std::collections::{HashMap, HashSet};
use std::sync::mpsc::Sender;
use std::time::Duration;

/// How long a step of the story may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(20);

pub(super) struct Transcript {
    workspace: Workspace,
    names: Names,
    /// The lines and edits of each message, by channel and timestamp.
    messages: HashMap<(String, String), (u32, Vec<String>)>,
    pins: HashSet<(String, String)>,
    /// The hash of each view.
    views: HashMap<String, String>,
    components: usize,
    /// The pause before each step of the story.
    pace: Duration,
    /// Prints above the line that is being typed.
    pub(super) above_prompt: Option<Sender<String>>,
}

impl Transcript {
    pub(super) fn new(workspace: &Workspace, pace: Duration) -> Self {
        let now = workspace.snapshot();
        // The messages of the setup are not part of the story.
        let messages = now.channels.iter().flat_map(|channel| {
            let key = |message: &MessageView| (channel.id.clone(), message.ts.clone());
            let messages = channel.messages.iter();
            messages.map(move |message| (key(message), (message.edits, Vec::new())))
        });
        Self {
            workspace: workspace.clone(),
            names: Names::of(&now),
            messages: messages.collect(),
            pins: HashSet::new(),
            views: HashMap::new(),
            components: 0,
            pace,
            above_prompt: None,
        }
    }

    pub(super) fn line(&self, text: &str) {
        match &self.above_prompt {
            Some(printer) => _ = printer.send(format!("{text}\n")),
            None => {
                output::line(text);
                output::flush();
            }
        }
    }

    pub(super) fn chapter(&self, title: &str) {
        self.line(&format!("\n== {title}"));
    }

    /// Pauses, then prints what a person does next.
    pub(super) async fn action(&mut self, text: &str) {
        self.pause().await;
        self.line(&format!("\n> {text}"));
    }

    /// Gives the reader time for what was printed last.
    pub(super) async fn pause(&mut self) {
        tokio::time::sleep(self.pace).await;
        self.catch_up();
    }

    /// Waits until `find` returns a value, and prints what arrives meanwhile.
    ///
    /// # Errors
    /// Names what did not arrive, and lists what did.
    pub(super) async fn until<T>(
        &mut self,
        what: &str,
        mut find: impl FnMut(&Snapshot) -> Option<T>,
    ) -> Result<T, String> {
        let workspace = self.workspace.clone();
        let found = workspace.wait_until(STEP_TIMEOUT, |workspace| {
            let snapshot = workspace.snapshot();
            self.show(&snapshot);
            find(&snapshot)
        });
        found.await.map_err(|_state| self.missed(what))
    }

    /// Prints what is new.
    pub(super) fn catch_up(&mut self) {
        let snapshot = self.workspace.snapshot();
        self.show(&snapshot);
    }

    fn show(&mut self, now: &Snapshot) {
        self.names = Names::of(now);
        let all = now.channels.iter().flat_map(|channel| {
            let messages = channel.messages.iter();
            messages.map(move |message| (channel, message))
        });
        let mut new: Vec<(&ChannelView, &MessageView)> = all
            .filter(|(channel, message)| {
                let shown = self.messages.get(&(channel.id.clone(), message.ts.clone()));
                shown.is_none_or(|(edits, _)| *edits < message.edits)
            })
            .collect();
        new.sort_by(|one, other| one.1.ts.cmp(&other.1.ts));
        for (channel, message) in new {
            self.message(now, channel, message);
        }
        for channel in &now.channels {
            for ts in &channel.pins {
                if self.pins.insert((channel.id.clone(), ts.clone())) {
                    self.line(&format!("#{}: the card is pinned", channel.name));
                }
            }
        }
        for user in &now.users {
            for view in &user.modals {
                let [id, hash] = ["id", "hash"].map(|key| view[key].as_str().unwrap_or_default());
                let before = self.views.insert(id.to_owned(), hash.to_owned());
                if before.as_deref() != Some(hash) {
                    let verb = match before {
                        Some(_) => "the form changes",
                        None => "a form opens",
                    };
                    let head = format!("\n{}'s screen: {verb}", user.name);
                    self.indented(&head, &text::modal(view, &self.names));
                }
            }
        }
        let changes = self.workspace.component_changes();
        for (_, status) in changes.iter().skip(self.components) {
            self.line(&format!("Statuspage: the component of api is {status}"));
        }
        self.components = changes.len();
    }

    fn indented<'a>(&self, head: &str, lines: impl IntoIterator<Item = &'a String>) {
        let lines = lines.into_iter().map(|line| format!("\n  {line}"));
        self.line(&format!("{head}{}", lines.collect::<String>()));
    }

    /// Prints a message, or the lines of it that an edit changed.
    fn message(&mut self, now: &Snapshot, channel: &ChannelView, message: &MessageView) {
        let mut lines = text::message(&message.blocks, &message.text, &self.names);
        for file in now
            .files
            .iter()
            .filter(|file| message.files.contains(&file.id))
        {
            lines.push(format!("file: {}", file.name));
            let content = file.content.as_deref().unwrap_or_default();
            lines.extend(content.lines().map(|line| format!("  {line}")));
        }
        let key = (channel.id.clone(), message.ts.clone());
        let before = self.messages.insert(key, (message.edits, lines.clone()));
        if message.subtype.is_some() {
            self.line(&format!("#{}: {}", channel.name, lines.join(" ")));
            return;
        }
        let edited = before.is_some();
        let before = before.map_or_else(Vec::new, |(_, lines)| lines);
        let mut new = lines
            .iter()
            .filter(|line| !before.contains(line))
            .peekable();
        if new.peek().is_none() {
            return;
        }
        let place = match channel.kind {
            "im" => {
                let bot = self.workspace.bot_user();
                let other = channel.members.iter().find(|member| **member != bot);
                let name = other.map_or("", |id| self.names.name(id));
                format!("direct message to {name}")
            }
            _ => format!("#{}", channel.name),
        };
        let verb = if edited { " edits its message" } else { "" };
        let only = message
            .ephemeral_to
            .as_ref()
            .map_or_else(String::new, |user| {
                format!(" (only {} sees this)", self.names.name(user))
            });
        let head = format!("\n{place}, {}{verb}{only}:", message.user_name);
        self.indented(&head, new);
    }

    fn missed(&self, what: &str) -> String {
        let snapshot = self.workspace.snapshot();
        let posts = snapshot.all_posts().map(|(channel, message)| {
            let text = text::plain(&message.text, &self.names);
            format!("\n  #{}: {text}", channel.name)
        });
        let posts: String = posts.collect();
        format!("This did not happen within 20 s: {what}.\nThese messages arrived:{posts}")
    }
}
