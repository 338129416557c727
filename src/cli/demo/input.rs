//! The line that is being typed, and the terminal in the mode that reads single characters.
//!
//! The terminal's own line editing echoes what is typed without telling the process, so a line that
//! is printed meanwhile would land in the middle of it. Here the process echoes, and can draw the
//! line again below what it prints. It has no history and no cursor keys: erase with Backspace
//! or Ctrl-U. Ctrl-C stays a signal.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::io::{Read as _, stdin, stdout};
use tokio::sync::mpsc;

const CTRL_D: char = '\x04';
const CTRL_U: char = '\x15';
const ESCAPE: char = '\x1b';
/// Moves to the start of the line and clears it.
const CLEAR: &str = "\r\x1b[K";
const USUAL_COLUMNS: usize = 80;

pub(super) struct Input {
    prompt: String,
    line: String,
    /// The beginning of a key's escape sequence, which is dropped.
    sequence: String,
    columns: usize,
}

impl Input {
    pub(super) fn new(prompt: &str) -> Self {
        let size = tcgetwinsize(stdout()).ok();
        let columns = size.map_or(0, |size| usize::from(size.ws_col));
        Self {
            prompt: prompt.to_owned(),
            line: String::new(),
            sequence: String::new(),
            columns: if columns == 0 { USUAL_COLUMNS } else { columns },
        }
    }

    /// Takes a character; true when the line is complete.
    pub(super) fn take(&mut self, character: char) -> bool {
        if !self.sequence.is_empty() || character == ESCAPE {
            self.sequence.push(character);
            let parameters = self.sequence.starts_with("\x1b[") || self.sequence == "\x1bO";
            let ended = matches!(character, '@'..='~') && self.sequence.len() > 2;
            if self.sequence.len() > 1 && (ended || !parameters) {
                self.sequence.clear();
            }
            return false;
        }
        match character {
            '\n' | '\r' => return true,
            '\x08' | '\x7f' => _ = self.line.pop(),
            CTRL_U => self.line.clear(),
            CTRL_D if self.line.is_empty() => {
                self.line.push_str("quit");
                return true;
            }
            typed if !typed.is_control() => self.line.push(typed),
            _ => {}
        }
        false
    }

    /// What draws complete lines, and below them the prompt with what was typed so far. A line that
    /// is wider than the terminal shows its end.
    pub(super) fn below(&self, printed: &str) -> String {
        // A character outside of ASCII may take two columns; the last column stays empty.
        let width = |c: char| if c.is_ascii() { 1 } else { 2 };
        let prompt: usize = self.prompt.chars().map(width).sum();
        let mut free = self.columns.saturating_sub(prompt + 1);
        let fits = |(_, c): &(usize, char)| {
            let fits = width(*c) <= free;
            free = free.saturating_sub(width(*c));
            fits
        };
        let shown = self.line.char_indices().rev().take_while(fits).last();
        let from = shown.map_or(self.line.len(), |(at, _)| at);
        format!("{CLEAR}{printed}{}{}", self.prompt, &self.line[from..])
    }

    /// What draws the complete line, and ends it.
    pub(super) fn complete(&self) -> String {
        format!("{CLEAR}{}{}\n", self.prompt, self.line)
    }

    pub(super) fn into_line(self) -> String {
        self.line
    }
}

/// The terminal, reading single characters without echo until this is dropped.
pub(super) struct Keyboard {
    before: Termios,
    characters: mpsc::UnboundedReceiver<char>,
}

impl Keyboard {
    /// Discards what was typed before.
    pub(super) fn open() -> std::io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut mode = before.clone();
        mode.local_modes
            .remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Flush, &mode)?;
        let (send, characters) = mpsc::unbounded_channel();
        // A thread, because a read of a terminal cannot be cancelled and must not delay the end.
        std::thread::spawn(move || {
            let mut pending = Vec::new();
            for byte in stdin().lock().bytes() {
                let Ok(byte) = byte else { return };
                pending.push(byte);
                match std::str::from_utf8(&pending) {
                    Ok(text) => {
                        if text.chars().any(|c| send.send(c).is_err()) {
                            return;
                        }
                        pending.clear();
                    }
                    Err(error) if error.error_len().is_some() => pending.clear(),
                    Err(_incomplete) => {}
                }
            }
        });
        Ok(Self { before, characters })
    }

    /// The next character; none when the terminal was closed.
    pub(super) async fn character(&mut self) -> Option<char> {
        self.characters.recv().await
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        let _closed = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(columns: usize, keys: &str) -> Input {
        let mut input = Input {
            columns,
            ..Input::new("bea> ")
        };
        for key in keys.chars() {
            assert!(!input.take(key), "{keys:?}");
        }
        input
    }

    #[test]
    fn what_is_printed_stands_above_the_prompt_and_what_was_typed() {
        let input = typed(80, "/incident li");
        assert_eq!(
            input.below("a message\n"),
            "\r\x1b[Ka message\nbea> /incident li"
        );
        assert_eq!(input.complete(), "\r\x1b[Kbea> /incident li\n");
    }

    #[test]
    fn a_long_line_shows_its_end() {
        assert_eq!(typed(10, "abcdefgh").below(""), "\r\x1b[Kbea> efgh");
        assert_eq!(typed(10, "aßß").below(""), "\r\x1b[Kbea> ßß");
        assert_eq!(typed(3, "abc").below(""), "\r\x1b[Kbea> ");
    }

    #[test]
    fn keys_edit_the_line_or_do_nothing() {
        for (keys, line) in [
            ("lisß\x7ft", "list"),
            ("wrong\x15right", "right"),
            ("a\x1b[Ab\x1b[1;5Cc\x1bOHd\x1bxe\t", "abcde"),
            ("a\x04b", "ab"),
        ] {
            assert_eq!(typed(80, keys).into_line(), line, "{keys:?}");
        }
        let mut input = typed(80, "");
        assert!(input.take(CTRL_D) && input.into_line() == "quit");
    }
}
