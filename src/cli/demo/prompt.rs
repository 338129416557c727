//! A person at the terminal goes on where the story ended: as anybody, in any room.
//!
//! What is typed becomes what Slack would send: commands, clicks, submissions, all signed. What
//! comes meanwhile is printed between the lines. Lines are read by a thread of their own, as a read
//! of a terminal cannot be called off and must not keep the process.

use super::draw::Ink;
use super::house::House;
use super::screen::Screen;
use super::script::said;
use crate::app::Asked;
use crate::simulator::{Heard, Person};
use tokio::sync::{mpsc, watch};

const HELP: &[(&str, &str)] = &[
    (
        "/incident …",
        "types the command; /incident help tells of the verbs",
    ),
    ("press 2", "presses the button [2]"),
    ("say …", "says something in the room"),
    ("join", "joins the room"),
    ("as bea", "goes on as bea (ada, bea, cem, dov)"),
    ("in #general", "goes to another room"),
    ("rooms", "lists the rooms"),
    (
        "read #general",
        "shows the room's last lines; without a name, this room's",
    ),
    ("quit", "ends the demo, as Ctrl-C does"),
];

/// What ends a question.
pub(super) enum Told {
    Line(String),
    /// A form opened on the person's screen.
    Form,
    /// The terminal was closed, or the process was asked to stop.
    Over,
}

/// What a question waits for besides a line.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Besides {
    Forms,
    Nothing,
}

pub(super) struct Prompt<'a> {
    pub(super) house: &'a House,
    pub(super) screen: &'a mut Screen,
    asked: &'a mut Asked,
    lines: mpsc::UnboundedReceiver<String>,
    changes: watch::Receiver<u64>,
    pub(super) person: Person,
    who: String,
    /// The room's id.
    room: String,
    /// The form that was asked already.
    pub(super) done: Option<String>,
}

/// Takes lines until `quit`, the end of the terminal, or a signal.
pub(super) async fn go_on(house: &House, screen: &mut Screen, asked: &mut Asked) {
    let (send, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let Ok(line) = line else { return };
            if send.send(line).is_err() {
                return;
            }
        }
    });
    let general = house.workspace.snapshot();
    let general = general.room("#general").map(|room| room.id.clone());
    let mut prompt = Prompt {
        house,
        screen,
        asked,
        lines,
        changes: house.workspace.versions(),
        person: house.workspace.person("bea"),
        who: "bea".to_owned(),
        room: general.unwrap_or_default(),
        done: None,
    };
    prompt.help();
    prompt.lines_until_over().await;
}

impl Prompt<'_> {
    async fn lines_until_over(&mut self) {
        loop {
            let question = format!("{} in #{}> ", self.who, self.room_name());
            match self.ask(&question, Besides::Forms).await {
                Told::Over => return,
                Told::Form => {
                    if !self.form().await {
                        return;
                    }
                }
                Told::Line(line) => {
                    let line = line.trim();
                    if ["quit", "exit"].contains(&line) {
                        return;
                    }
                    if let Err(why) = self.act(line).await {
                        self.screen.remark(&why);
                    }
                }
            }
        }
    }

    /// Asks, and prints what comes until there is an answer.
    pub(super) async fn ask(&mut self, question: &str, besides: Besides) -> Told {
        loop {
            self.changes.mark_unchanged();
            self.screen.catch_up();
            if besides == Besides::Forms && self.new_form().is_some() {
                return Told::Form;
            }
            self.screen.question(question);
            tokio::select! {
                line = self.lines.recv() => {
                    self.screen.answered();
                    return line.map_or(Told::Over, Told::Line);
                }
                () = self.asked.stop.asked() => return Told::Over,
                changed = self.changes.changed() => if changed.is_err() {
                    return Told::Over;
                },
            }
        }
    }

    async fn act(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "" => Ok(()),
            "help" | "?" => {
                self.help();
                Ok(())
            }
            "/incident" | "/inc" => {
                let heard = self.person.command(&self.room, word, rest).await;
                taken(&heard)
            }
            "press" => self.press(rest).await,
            "say" => match self.person.say(&self.room, rest) {
                Ok(_ts) => Ok(()),
                Err(_why) => Err(format!("{} is not in this room; join it first", self.who)),
            },
            "join" => self.person.join(&self.room),
            "as" => self.become_(rest.trim_start_matches('@')),
            "in" => self.go_to(rest),
            "rooms" => {
                self.rooms();
                Ok(())
            }
            "read" => self.read(rest),
            other => Err(format!("`{other}` is nothing that is known here; try help")),
        }
    }

    fn help(&self) {
        self.screen.line("", Ink::Plain, "");
        for (typed, words) in HELP {
            self.screen
                .line(&format!("  {typed:<14} "), Ink::Plain, words);
        }
    }

    fn room_name(&self) -> String {
        let now = self.house.workspace.snapshot();
        let room = now.room(&self.room);
        room.map_or_else(String::new, |room| room.name.clone())
    }

    async fn press(&mut self, number: &str) -> Result<(), String> {
        let at = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        let button = at.and_then(|at| self.screen.buttons.get(at)).cloned();
        let Some(button) = button else {
            return Err(format!("there is no button [{number}]"));
        };
        let pressed = self
            .person
            .press(&button.room, &button.ts, &button.action)
            .await;
        match pressed {
            Ok(heard) => taken(&heard),
            // The reason names ids and blocks, which nobody reads.
            Err(_why) => Err(format!(
                "{} does not see the button [{number}], or it is gone",
                self.who
            )),
        }
    }

    fn become_(&mut self, name: &str) -> Result<(), String> {
        let now = self.house.workspace.snapshot();
        match now.person(name).filter(|person| !person.is_bot) {
            Some(person) => {
                self.who.clone_from(&person.name);
                self.person = self.house.workspace.person(&person.id);
                Ok(())
            }
            None => Err(format!("nobody here is called `{name}`")),
        }
    }

    fn go_to(&mut self, name: &str) -> Result<(), String> {
        let now = self.house.workspace.snapshot();
        match now.room(name) {
            Some(room) => {
                self.room.clone_from(&room.id);
                Ok(())
            }
            None => Err(format!("there is no room `{name}`; rooms lists them")),
        }
    }

    fn rooms(&self) {
        let now = self.house.workspace.snapshot();
        for room in now.rooms.iter().filter(|room| !room.name.is_empty()) {
            let posts = room.posts().count();
            let inside = if room.members.iter().any(|m| m == self.person.id()) {
                ""
            } else {
                ", without you"
            };
            self.screen.line(
                "  ",
                Ink::Plain,
                &format!("#{} (messages: {posts}{inside})", room.name),
            );
        }
    }

    fn read(&self, name: &str) -> Result<(), String> {
        let now = self.house.workspace.snapshot();
        let wanted = if name.is_empty() { &self.room } else { name };
        let room = now.room(wanted);
        let room = room.ok_or_else(|| format!("there is no room `{name}`; rooms lists them"))?;
        self.screen.read(room, self.person.id());
        Ok(())
    }
}

pub(super) fn taken(heard: &Heard) -> Result<(), String> {
    match heard.is_ok() {
        true => Ok(()),
        false => Err(format!("that was {}", said(heard))),
    }
}
