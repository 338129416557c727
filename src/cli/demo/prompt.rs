//! Continues after the story: a person at the terminal acts as any of the simulated people.
//!
//! What is typed becomes what Slack would send: commands, clicks, submissions, all signed. What is
//! wrong with a command or a form is said by the server or by Slack's client, not here.

use super::draw::{self, Ink};
use super::house::House;
use super::input::Keyboard;
use super::screen::Screen;
use super::script::said;
use crate::app::Asked;
use simulator::{AppResponse, Person, Submitted};
use tokio::sync::watch;

const HELP: &[(&str, &str)] = &[
    ("/incident help", "send a slash command"),
    ("press 2", "press the button [2]"),
    ("fill Title …", "fill in a field of the open form"),
    ("submit, cancel", "send or close the open form"),
    ("say …", "post a message"),
    ("channels", "list the channels"),
    ("in #general", "go to another channel"),
    ("join", "join the channel"),
    ("as ada", "become another person (ada, bea, cem, dov)"),
    ("quit", "stop the demo, as Ctrl-C does"),
];

const FORM: &str = "Type fill LABEL VALUE for each field, then submit or cancel.";

pub(super) struct Prompt<'a> {
    house: &'a House,
    screen: &'a mut Screen,
    asked: &'a mut Asked,
    keyboard: Keyboard,
    changes: watch::Receiver<u64>,
    person: Person,
    who: String,
    /// The channel's id.
    room: String,
    /// The form that was explained last.
    explained: Option<String>,
}

/// Takes lines until `quit`, the end of the terminal, or a signal.
///
/// # Errors
/// When the terminal cannot be read character by character.
pub(super) async fn go_on(
    house: &House,
    screen: &mut Screen,
    asked: &mut Asked,
) -> std::io::Result<()> {
    let keyboard = Keyboard::open()?;
    let now = house.workspace.snapshot();
    let general = now.channel("#general").map(|room| room.id.clone());
    let mut prompt = Prompt {
        house,
        screen,
        asked,
        keyboard,
        changes: house.workspace.versions(),
        person: house.workspace.person("bea"),
        who: "bea".to_owned(),
        room: general.unwrap_or_default(),
        explained: None,
    };
    while let Some(line) = prompt.line().await {
        let line = line.trim();
        if ["quit", "exit"].contains(&line) {
            break;
        }
        if let Err(why) = prompt.act(line).await {
            prompt.screen.remark(&why);
        }
    }
    prompt.screen.close_prompt();
    Ok(())
}

impl Prompt<'_> {
    /// The next line. Prints what arrives until it is complete.
    async fn line(&mut self) -> Option<String> {
        self.screen.catch_up();
        let question = format!("{} in #{}> ", self.who, self.room_name());
        self.screen.prompt(&question);
        loop {
            self.changes.mark_unchanged();
            self.screen.catch_up();
            self.explain_form();
            tokio::select! {
                character = self.keyboard.character() => {
                    let line = self.screen.typed(character?);
                    if line.is_some() {
                        return line;
                    }
                }
                () = self.asked.stop.asked() => return None,
                changed = self.changes.changed() => changed.ok()?,
            }
        }
    }

    fn explain_form(&mut self) {
        let form = self.person.modal();
        let id = form.and_then(|form| form["id"].as_str().map(str::to_owned));
        if id.is_some() && id != self.explained {
            self.screen.remark(FORM);
            self.explained = id;
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
            "fill" => self.fill(rest).await,
            "submit" => self.submit().await,
            "cancel" => self.person.close_modal().await.map(|_answer| ()),
            "say" => match self.person.say(&self.room, rest) {
                Ok(_ts) => Ok(()),
                Err(_why) => Err(format!(
                    "{} is not in this channel: join it first",
                    self.who
                )),
            },
            "join" => self.person.join(&self.room),
            "as" => self.become_(rest.trim_start_matches('@')),
            "in" => self.go_to(rest),
            "channels" => {
                self.channels();
                Ok(())
            }
            other => Err(format!("Unknown input `{other}`. Type help for a list.")),
        }
    }

    fn help(&self) {
        self.screen.line("", Ink::Plain, "");
        for (typed, words) in HELP {
            self.screen
                .line(&format!("  {typed:<14}  "), Ink::Plain, words);
        }
    }

    fn room_name(&self) -> String {
        let now = self.house.workspace.snapshot();
        let room = now.channel(&self.room);
        room.map_or_else(String::new, |room| room.name.clone())
    }

    async fn press(&mut self, number: &str) -> Result<(), String> {
        let at = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        let button = at.and_then(|at| self.screen.buttons.get(at)).cloned();
        let Some(button) = button else {
            return Err(format!("There is no button [{number}]."));
        };
        let pressed = self
            .person
            .press(&button.room, &button.ts, &button.action)
            .await;
        match pressed {
            Ok(heard) => taken(&heard),
            // The reason names ids and blocks, which do not help here.
            Err(_why) => Err(format!(
                "{} does not see the button [{number}], or it is gone.",
                self.who
            )),
        }
    }

    async fn fill(&mut self, rest: &str) -> Result<(), String> {
        let form = self.person.modal().ok_or("No form is open.")?;
        let begins = |label: &str| {
            let start = rest.get(..label.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(label))
        };
        let input = draw::inputs(&form).find(|input| begins(&draw::plain_text(&input["label"])));
        let Some(input) = input else {
            let labels = draw::inputs(&form).map(|input| draw::plain_text(&input["label"]));
            let labels: Vec<String> = labels.collect();
            return Err(format!("The form's fields: {}.", labels.join(", ")));
        };
        let label = draw::plain_text(&input["label"]);
        let value = rest[label.len()..].trim();
        let bad = |why| match draw::options(&input["element"]) {
            options if options.is_empty() => why,
            options => format!("{label} is one of: {}.", options.join("; ")),
        };
        if input["dispatch_action"] == true {
            // The server hears of it and may change the form, which is then drawn again.
            let heard = self.person.act_in_modal(&label, value).await;
            return taken(&heard.map_err(bad)?);
        }
        self.person.fill_in(&[(&label, value)]).map_err(bad)?;
        if let Some(form) = self.person.modal() {
            self.screen.form(&format!("{}'s screen", self.who), &form);
        }
        Ok(())
    }

    async fn submit(&mut self) -> Result<(), String> {
        let form = self.person.modal().ok_or("No form is open.")?;
        let (_answer, outcome) = self.person.submit(&[]).await?;
        match outcome {
            Submitted::Errors(errors) => {
                for (block, words) in &errors {
                    let input = draw::inputs(&form).find(|input| input["block_id"] == **block);
                    let label = input.map(|input| draw::plain_text(&input["label"]));
                    let words = words.as_str().unwrap_or_default();
                    self.screen
                        .remark(&format!("{}: {words}", label.as_ref().unwrap_or(block)));
                }
                Ok(())
            }
            Submitted::Failed(why) => Err(format!("Slack shows: {why}")),
            Submitted::Closed | Submitted::Cleared | Submitted::Updated | Submitted::Pushed => {
                Ok(())
            }
        }
    }

    fn become_(&mut self, name: &str) -> Result<(), String> {
        let now = self.house.workspace.snapshot();
        match now.user(name).filter(|person| !person.is_bot) {
            Some(person) => {
                self.who.clone_from(&person.name);
                self.person = self.house.workspace.person(&person.id);
                Ok(())
            }
            None => Err("Type one of: as ada, as bea, as cem, as dov.".to_owned()),
        }
    }

    fn go_to(&mut self, name: &str) -> Result<(), String> {
        let now = self.house.workspace.snapshot();
        match now.channel(name) {
            Some(room) => {
                self.room.clone_from(&room.id);
                Ok(())
            }
            None => Err(format!(
                "There is no channel `{name}`. Type channels for a list."
            )),
        }
    }

    fn channels(&self) {
        let now = self.house.workspace.snapshot();
        for room in now.channels.iter().filter(|room| !room.name.is_empty()) {
            let posts = room.posts().count();
            let member = if room.members.iter().any(|m| m == self.person.id()) {
                ""
            } else {
                ", not joined"
            };
            self.screen.line(
                "  ",
                Ink::Plain,
                &format!("#{} (messages: {posts}{member})", room.name),
            );
        }
    }
}

fn taken(heard: &AppResponse) -> Result<(), String> {
    match heard.is_ok() {
        true => Ok(()),
        false => Err(format!("The request was {}.", said(heard))),
    }
}
