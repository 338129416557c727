//! Prints what people see, as it arrives: new messages, edits, pins, modals, files.
//!
//! It compares the workspace with what it has printed before, so each change is printed once,
//! whatever caused it. It only reads. When a step of the story fails, it lists what did arrive.
//! While a line is being typed, everything is printed above that line.

use super::draw::{self, Ink, Line, Names, Pressable};
use super::input::Input;
use crate::cli::output;
use chrono::{DateTime, Utc};
use simulator::{ChannelView, MessageView, Snapshot, Workspace};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// How long a step of the story may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A space at which no line is cut.
const GLUE: &str = "\u{a0}";

/// A button on a person's screen; its number is its index in the list, plus 1.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Button {
    pub(super) room: String,
    pub(super) ts: String,
    pub(super) action: String,
}

/// A message as it was shown last.
#[derive(Default)]
struct Shown {
    edits: u32,
    lines: Vec<Line>,
    buttons: Vec<Pressable>,
}

pub(super) struct Screen {
    workspace: Workspace,
    colours: bool,
    names: Names,
    /// By room and stamp.
    seen: HashMap<(String, String), Shown>,
    pinned: HashSet<(String, String)>,
    views: HashMap<String, String>,
    components: usize,
    pub(super) buttons: Vec<Button>,
    /// The pause before each step of the story, so that a person can read along.
    pace: Duration,
    /// The line that is being typed, below everything that is printed.
    input: Option<Input>,
}

impl Screen {
    pub(super) fn new(workspace: &Workspace, terminal: bool, pace: Duration) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let mut screen = Self {
            workspace: workspace.clone(),
            colours: wanted && terminal,
            names: Names::default(),
            seen: HashMap::new(),
            pinned: HashSet::new(),
            views: HashMap::new(),
            components: 0,
            buttons: Vec::new(),
            pace,
            input: None,
        };
        // The messages of the setup are not part of the story.
        for room in workspace.snapshot().channels {
            for message in room.messages {
                let key = (room.id.clone(), message.ts);
                let edits = message.edits;
                let shown = Shown {
                    edits,
                    ..Shown::default()
                };
                screen.seen.insert(key, shown);
            }
        }
        screen
    }

    /// Prints a line, cut at the width of the screen.
    pub(super) fn line(&self, before: &str, ink: Ink, text: &str) {
        self.hanging(before, before, ink, text);
    }

    /// Prints a line whose continuation lines have another prefix.
    fn hanging(&self, first: &str, then: &str, ink: Ink, text: &str) {
        let most = draw::WIDTH.saturating_sub(first.chars().count());
        let mut printed = String::new();
        for (at, piece) in (0..).zip(draw::wrapped(text, most.max(20))) {
            let piece = piece.replace(GLUE, " ");
            let piece = match (self.colours, ink) {
                (true, Ink::Bold) => format!("\x1b[1m{piece}\x1b[0m"),
                (true, Ink::Faint) => format!("\x1b[2m{piece}\x1b[0m"),
                _ => piece,
            };
            let line = format!("{}{piece}", if at == 0 { first } else { then });
            printed.push_str(line.trim_end());
            printed.push('\n');
        }
        match &self.input {
            Some(input) => put(&input.below(&printed)),
            None => put(&printed),
        }
    }

    /// Shows a prompt below everything that is printed.
    pub(super) fn prompt(&mut self, prompt: &str) {
        let input = self.input.insert(Input::new(prompt));
        put(&input.below(""));
    }

    /// Takes a typed character; returns the line when it is complete.
    pub(super) fn typed(&mut self, character: char) -> Option<String> {
        let input = self.input.as_mut()?;
        if input.take(character) {
            put(&input.complete());
            return self.input.take().map(Input::into_line);
        }
        put(&input.below(""));
        None
    }

    /// Removes the prompt.
    pub(super) fn close_prompt(&mut self) {
        if self.input.take().is_some() {
            put("\n");
        }
    }

    /// A blank line and a headline.
    pub(super) fn chapter(&self, title: &str) {
        let rule = draw::WIDTH.saturating_sub(title.chars().count() + 4);
        self.line("", Ink::Plain, "");
        self.line("", Ink::Bold, &format!("── {title} {}", "─".repeat(rule)));
    }

    /// Pauses, then prints what a person does next.
    pub(super) async fn action(&mut self, text: &str) {
        self.pause().await;
        self.line("", Ink::Plain, "");
        self.hanging("> ", "  ", Ink::Bold, text);
    }

    /// Gives the reader time for what was printed last.
    pub(super) async fn pause(&mut self) {
        tokio::time::sleep(self.pace).await;
        self.catch_up();
    }

    /// A remark of the demo's own.
    pub(super) fn remark(&self, text: &str) {
        self.line("  ", Ink::Faint, text);
    }

    /// Waits until `look` finds something, and prints what arrives meanwhile.
    ///
    /// # Errors
    /// Names what did not arrive, and lists what did.
    pub(super) async fn until<T>(
        &mut self,
        what: &str,
        mut look: impl FnMut(&Snapshot) -> Option<T>,
    ) -> Result<T, String> {
        let workspace = self.workspace.clone();
        let found = workspace.wait_until(PATIENCE, |workspace| {
            let snapshot = workspace.snapshot();
            self.show(&snapshot);
            look(&snapshot)
        });
        found.await.map_err(|_rooms| self.missed(what))
    }

    /// Prints what is new.
    pub(super) fn catch_up(&mut self) {
        let snapshot = self.workspace.snapshot();
        self.show(&snapshot);
    }

    fn show(&mut self, now: &Snapshot) {
        self.learn_names(now);
        let mut new: Vec<(&ChannelView, &MessageView)> = Vec::new();
        for room in &now.channels {
            for message in &room.messages {
                let key = (room.id.clone(), message.ts.clone());
                match self.seen.get(&key) {
                    None => new.push((room, message)),
                    Some(shown) if shown.edits < message.edits => new.push((room, message)),
                    Some(_) => {}
                }
            }
        }
        new.sort_by(|one, other| one.1.ts.cmp(&other.1.ts));
        for (room, message) in new {
            self.message(now, room, message);
        }
        for room in &now.channels {
            for ts in &room.pins {
                if self.pinned.insert((room.id.clone(), ts.clone())) {
                    self.remark(&format!("#{}: the card is pinned", room.name));
                }
            }
        }
        self.modals(now);
        let changes = self.workspace.component_changes();
        for (_, status) in changes.iter().skip(self.components) {
            self.remark(&format!("Statuspage: the component of api is {status}"));
        }
        self.components = changes.len();
    }

    fn learn_names(&mut self, now: &Snapshot) {
        let people = now.users.iter();
        self.names.people = people.map(|p| (p.id.clone(), p.name.clone())).collect();
        let rooms = now.channels.iter().filter(|room| !room.name.is_empty());
        self.names.rooms = rooms.map(|r| (r.id.clone(), r.name.clone())).collect();
    }

    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.people.get(id).map_or(id, String::as_str)
    }

    fn message(&mut self, now: &Snapshot, room: &ChannelView, message: &MessageView) {
        let (lines, buttons) = draw::message(&message.blocks, &message.text, &self.names);
        let key = (room.id.clone(), message.ts.clone());
        let shown = Shown {
            edits: message.edits,
            lines: lines.clone(),
            buttons: buttons.clone(),
        };
        let before = self.seen.insert(key, shown);
        if message.subtype.is_some() {
            let text = draw::plain(&message.text, &self.names);
            self.remark(&format!("#{}: {text}", room.name));
            return;
        }
        let head = self.head(room, message, before.is_some());
        let before = before.unwrap_or_default();
        let new: Vec<&Line> = lines.iter().filter(|l| !before.lines.contains(l)).collect();
        let row = match before.buttons == buttons {
            true => String::new(),
            false => self.numbered(room, message, &buttons),
        };
        if new.is_empty() && row.is_empty() && message.files.is_empty() {
            return;
        }
        self.line("", Ink::Plain, "");
        self.line("  ", Ink::Bold, &head);
        for line in new {
            self.line("  │ ", line.ink, &line.text);
        }
        if !row.is_empty() {
            self.line("  │ ", Ink::Plain, &row);
        }
        for id in &message.files {
            let Some(file) = now.files.iter().find(|file| file.id == *id) else {
                continue;
            };
            self.line("  │ ", Ink::Bold, &format!("file: {}", file.name));
            for line in file.content.iter().flat_map(|content| content.lines()) {
                self.line("  │   ", Ink::Plain, line);
            }
        }
    }

    /// The buttons in a row. A button that was shown before keeps its number.
    fn numbered(&mut self, room: &ChannelView, message: &MessageView, row: &[Pressable]) -> String {
        let mut shown = Vec::new();
        for pressable in row {
            let button = Button {
                room: room.id.clone(),
                ts: message.ts.clone(),
                action: pressable.action.clone(),
            };
            let known = self.buttons.iter().position(|one| *one == button);
            let number = known.unwrap_or(self.buttons.len()) + 1;
            if known.is_none() {
                self.buttons.push(button);
            }
            let label = pressable.label.replace(' ', GLUE);
            shown.push(format!("[{number}]{GLUE}{label}"));
        }
        shown.join("   ")
    }

    fn head(&self, room: &ChannelView, message: &MessageView, edited: bool) -> String {
        let bot = self.workspace.bot_user();
        let others = || room.members.iter().filter(|member| **member != bot);
        let names = |ids: Vec<&String>| {
            let mut names: Vec<&str> = ids.into_iter().map(|id| self.name(id)).collect();
            names.sort_unstable();
            names.join(", ")
        };
        let verb = if edited { " edits its message" } else { "" };
        let who = format!("{}{verb}", message.user_name);
        let at = time(&message.ts);
        match (room.kind, &message.ephemeral_to) {
            ("im", _) => format!(
                "direct message to {} · {who} · {at}",
                names(others().collect())
            ),
            (_, Some(only)) => {
                let only = self.name(only);
                format!("#{} · {who} · {at} · only {only} sees this", room.name)
            }
            (_, None) => {
                let seen = match others().count() {
                    0 => "no one yet".to_owned(),
                    _ => names(others().collect()),
                };
                format!("#{} · {who} · {at} · seen by {seen}", room.name)
            }
        }
    }

    fn modals(&mut self, now: &Snapshot) {
        for person in &now.users {
            for view in &person.modals {
                let id = view["id"].as_str().unwrap_or_default();
                let hash = view["hash"].as_str().unwrap_or_default();
                let before = self.views.insert(id.to_owned(), hash.to_owned());
                if before.as_deref() != Some(hash) {
                    let verb = match before {
                        Some(_) => "the form changes",
                        None => "a form opens",
                    };
                    self.form(&format!("{}'s screen: {verb}", person.name), view);
                }
            }
        }
    }

    /// Draws a modal.
    pub(super) fn form(&self, head: &str, view: &serde_json::Value) {
        self.line("", Ink::Plain, "");
        self.line("  ", Ink::Bold, head);
        self.line("  ┌─ ", Ink::Plain, "");
        for line in draw::modal(view, &self.names) {
            self.line("  │ ", line.ink, &line.text);
        }
        self.line("  └─ ", Ink::Plain, "");
    }

    fn missed(&self, what: &str) -> String {
        let snapshot = self.workspace.snapshot();
        let mut words =
            format!("This did not happen within 20 s: {what}.\nThese messages arrived:");
        let mut posts: Vec<(&ChannelView, &MessageView)> = snapshot.all_posts().collect();
        posts.sort_by(|one, other| one.1.ts.cmp(&other.1.ts));
        for (room, message) in &posts {
            let text = draw::plain(&message.text, &self.names);
            let room = if room.name.is_empty() {
                "direct message"
            } else {
                &room.name
            };
            words.push_str(&format!("\n  {} #{room}: {text}", time(&message.ts)));
        }
        if posts.is_empty() {
            words.push_str("\n  none");
        }
        let calls = self.workspace.requests();
        for call in calls
            .iter()
            .filter(|call| call.outcome.as_deref() != Some("ok"))
        {
            let outcome = call.outcome.as_deref().unwrap_or("no answer");
            words.push_str(&format!("\n  {}: {outcome}", call.method));
        }
        words
    }
}

/// Writes to standard output at once. A closed pipe does not end the story.
fn put(text: &str) {
    output::bytes(text.as_bytes());
    output::flush();
}

/// A message's timestamp as a time of day.
fn time(ts: &str) -> String {
    let seconds = ts.split('.').next().and_then(|whole| whole.parse().ok());
    let at = seconds.and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
    at.map(|at| at.format("%H:%M:%S").to_string())
        .unwrap_or_default()
}
