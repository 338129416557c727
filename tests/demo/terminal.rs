//! The demo on a pseudo-terminal: the prompt, and what arrives while a line is being typed.

use crate::story::demo;
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use serde_json::json;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::Child;
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(30);
const PROMPT: &str = "bea in #general> ";

struct Terminal {
    keyboard: File,
    slave: OwnedFd,
    child: Child,
    output: mpsc::UnboundedReceiver<Vec<u8>>,
    bytes: Vec<u8>,
}

impl Terminal {
    fn start() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let child = demo(&["--fast"])
            .env("TERM", "xterm")
            .env("NO_COLOR", "1")
            .stdin(slave.try_clone().unwrap())
            .stdout(slave.try_clone().unwrap())
            .spawn()
            .unwrap();
        let keyboard = File::from(master);
        let (send, output) = mpsc::unbounded_channel();
        let mut screen = keyboard.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(read) = screen.read(&mut piece) {
                if read == 0 || send.send(piece[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            keyboard,
            slave,
            child,
            output,
            bytes: Vec::new(),
        }
    }

    fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// The lines on the screen: what follows the last redrawing of each, without cursor movements.
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let text = text.replace("\x1b[?2026h", "").replace("\x1b[?2026l", "");
        let lines = text.split('\n').map(|line| {
            let line = line.rsplit("\r\x1b[K").next().unwrap_or(line);
            let mut parts = line.split("\r\x1b[");
            let first = parts.next().unwrap_or_default().to_owned();
            let rest = parts.filter_map(|part| Some(part.split_once('C')?.1));
            rest.fold(first, |line, part| line + part).replace('\r', "")
        });
        lines.collect()
    }

    async fn until(&mut self, what: &str, shown: impl Fn(&[String]) -> bool) {
        let waiting = async {
            while !shown(&self.lines()) {
                let piece = self.output.recv().await;
                self.bytes.extend(piece.expect("the demo goes on"));
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("{what} is not shown:\n{}", self.lines().join("\n"));
        }
    }

    async fn until_last(&mut self, wanted: &str) {
        let last = |lines: &[String]| lines.last().is_some_and(|last| last == wanted);
        self.until(wanted, last).await;
    }

    async fn ends(&mut self) -> ExitStatus {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.expect("the demo ends").unwrap()
    }
}

/// Declares an incident by the `curl` command that the demo prints.
async fn declare(lines: &[String], title: &str) {
    let command = lines.iter().find(|line| line.contains("/api/v1/incidents"));
    let words: Vec<&str> = command.unwrap().split([' ', '"']).collect();
    let token = words.iter().skip_while(|word| **word != "Bearer").nth(1);
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let answer = reqwest::Client::new()
        .post(*words.last().unwrap())
        .bearer_auth(token.unwrap())
        .json(&json!({"title": title, "severity": "P2", "service": "api", "actor": "test"}))
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
}

#[tokio::test]
async fn what_arrives_while_a_line_is_typed_is_printed_above_it() {
    let mut terminal = Terminal::start();
    terminal.until_last(PROMPT).await;
    let lines = terminal.lines();
    for tip in ["/incident help", "/incident declare P2 api", "quit"] {
        let tells = |line: &String| line.trim_start().starts_with(tip);
        assert!(lines.iter().any(tells), "no tip {tip}: {lines:?}");
    }

    terminal.types("/incident li");
    terminal.until_last(&format!("{PROMPT}/incident li")).await;
    declare(&lines, "Search is slow").await;
    let announced = |lines: &[String]| {
        let card = lines.iter().any(|line| line.contains("the card is pinned"));
        let new = lines.iter().filter(|line| line.contains("Search is slow"));
        card && new.count() > 1 && lines.last().unwrap().ends_with("/incident li")
    };
    terminal.until("the announcement", announced).await;
    terminal.until_last(&format!("{PROMPT}/incident li")).await;
    let typed = terminal.lines();
    let mixed = typed.iter().filter(|line| line.contains(PROMPT));
    assert_eq!(mixed.count(), 1, "one prompt: {typed:?}");

    terminal.types("st\r");
    let sees = "only bea sees this";
    let before = typed.iter().filter(|line| line.contains(sees)).count();
    let answered = |lines: &[String]| {
        let now = lines.iter().filter(|line| line.contains(sees)).count();
        now > before && lines.last().unwrap() == PROMPT
    };
    terminal.until("the list", answered).await;

    terminal.types("quit\r");
    assert!(terminal.ends().await.success());
    let modes = tcgetattr(&terminal.slave).unwrap().local_modes;
    assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO));
}

#[tokio::test]
async fn a_form_is_filled_in_at_the_prompt() {
    let mut terminal = Terminal::start();
    terminal.until_last(PROMPT).await;
    for (line, shown) in [
        ("/incident declare", "Type fill LABEL VALUE"),
        ("fill nothing", "The form's fields: Template, Title"),
        ("fill severity P9", "Severity is one of: P1"),
        ("fill Severity P2", "Severity: P2"),
        ("fill service api", "Service: api"),
        ("fill title Search is slow", "Title: Search is slow"),
        ("submit", "#inc-"),
        ("as eve", "as ada, as bea"),
        ("dance", "Unknown input `dance`"),
    ] {
        let before = terminal.lines().len() - 1;
        terminal.types(&format!("{line}\r"));
        let answered = |lines: &[String]| {
            let new = lines.iter().skip(before);
            lines.last().unwrap() == PROMPT && new.into_iter().any(|now| now.contains(shown))
        };
        terminal.until(shown, answered).await;
    }
    terminal.types("\x04");
    assert!(terminal.ends().await.success());
}
