//! Continues after the story: a person at the terminal acts as any of the simulated people.
//!
//! What is typed becomes what Slack would send: commands, clicks, submissions, all signed. Errors in
//! a command or a form are reported by the server or by Slack's client, not here. The line editor
//! blocks, so it has a thread; what arrives meanwhile is printed above the line by another.

use super::setup::Demo;
use super::story::described;
use super::text;
use super::transcript::Transcript;
use crate::app::ProcessSignals;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter as _};
use simulator::{AppResponse, Person, Submitted};
use std::sync::mpsc;
use tokio::sync::watch;

const HELP: &str = "\
  /incident help     send a slash command
  press LABEL        press a button of the newest message that has it
  fill LABEL VALUE   fill in a field of the open form
  submit, cancel     send or close the open form
  say TEXT           post a message
  channels           list the channels
  in #CHANNEL        go to another channel
  join               join the channel
  as NAME            become another person: ada, bea, cem, dov
  quit               stop the demo, as Ctrl-C does";

const FORM: &str = "Type fill LABEL VALUE for each field, then submit or cancel.";

/// The line editor in its thread. The terminal is as before when this is dropped.
struct Lines {
    before: Termios,
    prompts: mpsc::Sender<String>,
    lines: tokio::sync::mpsc::UnboundedReceiver<String>,
}

impl Lines {
    fn open(transcript: &mut Transcript) -> rustyline::Result<Self> {
        let before = tcgetattr(std::io::stdin()).map_err(std::io::Error::from)?;
        let config = Config::builder().bracketed_paste(false).build();
        let mut editor = Editor::<(), _>::with_history(config, MemHistory::new())?;
        let mut printer = editor.create_external_printer()?;
        let (print, printed) = mpsc::channel();
        std::thread::spawn(move || {
            for text in printed {
                let _closed = printer.print(text);
            }
        });
        transcript.above_prompt = Some(print);
        let (prompts, asked) = mpsc::channel::<String>();
        let (send, lines) = tokio::sync::mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for prompt in asked {
                // Ctrl-C, Ctrl-D and a closed terminal end the lines.
                let Ok(line) = editor.readline(&prompt) else {
                    return;
                };
                let _same_as_the_last = editor.add_history_entry(&line);
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            before,
            prompts,
            lines,
        })
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let _closed = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}

struct Prompt<'a> {
    demo: &'a Demo,
    transcript: &'a mut Transcript,
    signals: &'a mut ProcessSignals,
    changes: watch::Receiver<u64>,
    person: Person,
    name: String,
    channel: String,
    /// The form that was explained last.
    explained: Option<String>,
}

/// Takes lines until `quit`, the end of the terminal, or a signal.
pub(super) async fn run(
    demo: &Demo,
    transcript: &mut Transcript,
    signals: &mut ProcessSignals,
) -> rustyline::Result<()> {
    let mut lines = Lines::open(transcript)?;
    let now = demo.workspace.snapshot();
    let general = now.channel("#general").map(|channel| channel.id.clone());
    let mut prompt = Prompt {
        demo,
        transcript,
        signals,
        changes: demo.workspace.versions(),
        person: demo.workspace.person("bea"),
        name: "bea".to_owned(),
        channel: general.unwrap_or_default(),
        explained: None,
    };
    while let Some(line) = prompt.line(&mut lines).await {
        let line = line.trim();
        if ["quit", "exit"].contains(&line) {
            break;
        }
        if let Err(why) = prompt.act(line).await {
            prompt.transcript.line(&why);
        }
    }
    drop(lines);
    transcript.above_prompt = None;
    transcript.line("");
    Ok(())
}

impl Prompt<'_> {
    /// The next line. Prints what arrives until it is complete.
    async fn line(&mut self, lines: &mut Lines) -> Option<String> {
        self.transcript.catch_up();
        let now = self.demo.workspace.snapshot();
        let channel = now.channel(&self.channel).map_or("", |one| &*one.name);
        let prompt = format!("{} in #{channel}> ", self.name);
        lines.prompts.send(prompt).ok()?;
        loop {
            self.changes.mark_unchanged();
            self.transcript.catch_up();
            self.explain_form();
            tokio::select! {
                line = lines.lines.recv() => return line,
                () = self.signals.stop.received() => return None,
                changed = self.changes.changed() => changed.ok()?,
            }
        }
    }

    fn explain_form(&mut self) {
        let form = self.person.modal();
        let id = form.and_then(|form| form["id"].as_str().map(str::to_owned));
        if id.is_some() && id != self.explained {
            self.transcript.line(FORM);
            self.explained = id;
        }
    }

    async fn act(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "" => {}
            "help" | "?" => self.transcript.line(HELP),
            "/incident" | "/inc" | "/wardroom" => {
                accepted(&self.person.command(&self.channel, word, rest).await)?;
            }
            "press" => self.press(rest).await?,
            "fill" => self.fill(rest).await?,
            "submit" => self.submit().await?,
            "cancel" => _ = self.person.close_modal().await?,
            "say" => {
                let said = self.person.say(&self.channel, rest);
                said.map_err(|_why| format!("{} has to join this channel first.", self.name))?;
            }
            "join" => self.person.join(&self.channel)?,
            "as" => self.become_user(rest.trim_start_matches('@'))?,
            "in" => self.go_to(rest)?,
            "channels" => self.channels(),
            other => return Err(format!("Unknown input `{other}`. Type help for a list.")),
        }
        Ok(())
    }

    async fn press(&mut self, label: &str) -> Result<(), String> {
        let now = self.demo.workspace.snapshot();
        let messages = now.channel(&self.channel).map(|one| one.messages.iter());
        let has = |message: &&simulator::MessageView| {
            let mut blocks = message.blocks.iter();
            let only = message.ephemeral_to.as_deref();
            only.is_none_or(|user| user == self.person.id())
                && blocks.any(|block| text::has_button(block, label))
        };
        let message = messages.into_iter().flatten().rev().find(has);
        let message = message.ok_or(format!("No message here has a button [{label}]."))?;
        accepted(&self.person.press(&self.channel, &message.ts, label).await?)
    }

    async fn fill(&mut self, rest: &str) -> Result<(), String> {
        let form = self.person.modal().ok_or("No form is open.")?;
        let begins = |label: &str| {
            let start = rest.get(..label.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(label))
        };
        let label = |input: &serde_json::Value| text::plain_text(&input["label"]);
        let Some(input) = text::inputs(&form).find(|input| begins(&label(input))) else {
            let labels: Vec<String> = text::inputs(&form).map(label).collect();
            return Err(format!("The form's fields: {}.", labels.join(", ")));
        };
        let label = label(input);
        let value = rest[label.len()..].trim();
        let explained = |why| match text::options(&input["element"]) {
            options if options.is_empty() => why,
            options => format!("{label} is one of: {}.", options.join("; ")),
        };
        if input["dispatch_action"] == true {
            // The server is notified and may change the form, which is then printed again.
            let response = self.person.act_in_modal(&label, value).await;
            return accepted(&response.map_err(explained)?);
        }
        self.person.fill_in(&[(&label, value)]).map_err(explained)?;
        self.transcript.line(&format!("{label}: {value}"));
        Ok(())
    }

    async fn submit(&mut self) -> Result<(), String> {
        let form = self.person.modal().ok_or("No form is open.")?;
        match self.person.submit(&[]).await?.1 {
            Submitted::Errors(errors) => {
                for (block, error) in &errors {
                    let input = text::inputs(&form).find(|input| input["block_id"] == **block);
                    let label = input.map(|input| text::plain_text(&input["label"]));
                    let error = error.as_str().unwrap_or_default();
                    let line = format!("{}: {error}", label.as_ref().unwrap_or(block));
                    self.transcript.line(&line);
                }
                Ok(())
            }
            Submitted::Failed(why) => Err(format!("Slack shows: {why}")),
            Submitted::Closed | Submitted::Cleared | Submitted::Updated | Submitted::Pushed => {
                Ok(())
            }
        }
    }

    fn become_user(&mut self, name: &str) -> Result<(), String> {
        let now = self.demo.workspace.snapshot();
        let user = now.user(name).filter(|user| !user.is_bot);
        let user = user.ok_or("Type one of: as ada, as bea, as cem, as dov.")?;
        self.name.clone_from(&user.name);
        self.person = self.demo.workspace.person(&user.id);
        Ok(())
    }

    fn go_to(&mut self, name: &str) -> Result<(), String> {
        let now = self.demo.workspace.snapshot();
        let channel = now.channel(name);
        let unknown = || format!("There is no channel `{name}`. Type channels for a list.");
        self.channel.clone_from(&channel.ok_or_else(unknown)?.id);
        Ok(())
    }

    fn channels(&self) {
        for channel in self.demo.workspace.snapshot().channels {
            if !channel.name.is_empty() {
                let posts = channel.posts().count();
                let line = format!("  #{} (messages: {posts})", channel.name);
                self.transcript.line(&line);
            }
        }
    }
}

fn accepted(response: &AppResponse) -> Result<(), String> {
    match response.is_ok() {
        true => Ok(()),
        false => Err(format!("The request was {}.", described(response))),
    }
}
