//! What people see, printed as it comes: new messages, edits, pins, modals, files.
//!
//! It compares the workspace with what was shown before, so nothing is shown twice and nothing is
//! missed, whoever caused it. It only reads. When something does not come, it can say what did.

use super::draw::{self, Ink, Line, Names, Pressable};
use crate::simulator::{MessageView, RoomView, Snapshot, Workspace};
use chrono::{DateTime, Utc};
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

/// How long a step of the story may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A space at which no line is cut.
const GLUE: &str = "\u{a0}";

/// A button on somebody's screen; its number is its place in the list, from 1.
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
    /// The question that stands on the last line, if one does.
    question: Cell<bool>,
    terminal: bool,
}

impl Screen {
    pub(super) fn new(workspace: &Workspace) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let terminal = std::io::stdout().is_terminal();
        let mut screen = Self {
            workspace: workspace.clone(),
            colours: wanted && !dumb && terminal,
            names: Names::default(),
            seen: HashMap::new(),
            pinned: HashSet::new(),
            views: HashMap::new(),
            components: 0,
            buttons: Vec::new(),
            question: Cell::new(false),
            terminal: terminal && !dumb,
        };
        // How the workspace was furnished is not part of the story.
        for room in workspace.snapshot().rooms {
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

    /// Prints a line whose further pieces begin otherwise than its first one.
    fn hanging(&self, first: &str, then: &str, ink: Ink, text: &str) {
        self.clear_question();
        let most = draw::WIDTH.saturating_sub(first.chars().count());
        for (at, piece) in (0..).zip(draw::wrapped(text, most.max(20))) {
            let piece = piece.replace(GLUE, " ");
            let piece = match (self.colours, ink) {
                (true, Ink::Bold) => format!("\x1b[1m{piece}\x1b[0m"),
                (true, Ink::Faint) => format!("\x1b[2m{piece}\x1b[0m"),
                _ => piece,
            };
            let line = format!("{}{piece}", if at == 0 { first } else { then });
            // Whoever closed the other end of a pipe does not end the story.
            let _closed = writeln!(std::io::stdout(), "{}", line.trim_end());
        }
    }

    /// Asks, without ending the line; once, until something else was printed.
    pub(super) fn question(&self, text: &str) {
        if !self.question.replace(true) {
            let mut out = std::io::stdout();
            let _closed = write!(out, "{text}").and_then(|()| out.flush());
        }
    }

    /// The person's own Enter ended the line.
    pub(super) fn answered(&self) {
        self.question.set(false);
    }

    /// Takes a question away from the last line.
    pub(super) fn clear_question(&self) {
        if self.question.replace(false) {
            let end = if self.terminal { "\r\x1b[K" } else { "\n" };
            let mut out = std::io::stdout();
            let _closed = write!(out, "{end}").and_then(|()| out.flush());
        }
    }

    /// What ids are called.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// A blank line and a headline.
    pub(super) fn chapter(&self, title: &str) {
        let rule = draw::WIDTH.saturating_sub(title.chars().count() + 4);
        self.line("", Ink::Plain, "");
        self.line("", Ink::Bold, &format!("── {title} {}", "─".repeat(rule)));
    }

    /// What somebody does.
    pub(super) fn action(&self, text: &str) {
        self.line("", Ink::Plain, "");
        self.hanging("> ", "  ", Ink::Bold, text);
    }

    /// A remark of the demo's own.
    pub(super) fn remark(&self, text: &str) {
        self.line("  ", Ink::Faint, text);
    }

    /// Waits until `look` finds something, and prints what comes meanwhile.
    ///
    /// # Errors
    /// What did not come, and what did.
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
        let mut new: Vec<(&RoomView, &MessageView)> = Vec::new();
        for room in &now.rooms {
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
        for room in &now.rooms {
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
        let people = now.people.iter();
        self.names.people = people.map(|p| (p.id.clone(), p.name.clone())).collect();
        let rooms = now.rooms.iter().filter(|room| !room.name.is_empty());
        self.names.rooms = rooms.map(|r| (r.id.clone(), r.name.clone())).collect();
    }

    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.people.get(id).map_or(id, String::as_str)
    }

    fn message(&mut self, now: &Snapshot, room: &RoomView, message: &MessageView) {
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

    /// Buttons in a row. One that was shown before keeps its number.
    fn numbered(&mut self, room: &RoomView, message: &MessageView, row: &[Pressable]) -> String {
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

    fn head(&self, room: &RoomView, message: &MessageView, edited: bool) -> String {
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
        match (room.kind, &message.only_for) {
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
                    0 => "nobody yet".to_owned(),
                    _ => names(others().collect()),
                };
                format!("#{} · {who} · {at} · seen by {seen}", room.name)
            }
        }
    }

    fn modals(&mut self, now: &Snapshot) {
        for person in &now.people {
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

    /// The last lines of a room, as one person sees it.
    pub(super) fn read(&self, room: &RoomView, person: &str) {
        let seen: Vec<&MessageView> = room.seen_by(person).collect();
        for message in seen.iter().skip(seen.len().saturating_sub(20)) {
            let (lines, _) = draw::message(&message.blocks, &message.text, &self.names);
            let then = " ".repeat(21);
            let mut first = format!("  {} {:<9} ", time(&message.ts), message.user_name);
            for line in &lines {
                self.hanging(&first, &then, line.ink, &line.text);
                first.clone_from(&then);
            }
        }
    }

    fn missed(&self, what: &str) -> String {
        let snapshot = self.workspace.snapshot();
        let mut words = format!("This did not happen within 20 s: {what}.\nWhat did arrive:");
        let mut posts: Vec<(&RoomView, &MessageView)> = snapshot.all_posts().collect();
        posts.sort_by(|one, other| one.1.ts.cmp(&other.1.ts));
        for (room, message) in &posts {
            let text = draw::plain(&message.text, &self.names);
            let room = if room.name.is_empty() {
                "direct"
            } else {
                &room.name
            };
            words.push_str(&format!("\n  {} #{room}: {text}", time(&message.ts)));
        }
        if posts.is_empty() {
            words.push_str("\n  nothing");
        }
        let calls = self.workspace.requests();
        for call in calls
            .iter()
            .filter(|call| call.outcome.as_deref() != Some("ok"))
        {
            let outcome = call.outcome.as_deref().unwrap_or("no answer");
            words.push_str(&format!("\n  {} was answered {outcome}", call.method));
        }
        words
    }
}

/// A stamp as an hour.
fn time(ts: &str) -> String {
    let seconds = ts.split('.').next().and_then(|whole| whole.parse().ok());
    let at = seconds.and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
    at.map(|at| at.format("%H:%M:%S").to_string())
        .unwrap_or_default()
}
