//! A form as questions in the terminal, input by input.
//!
//! The form is read anew before each question, because the app may change it meanwhile (a template
//! fills in the rest). What is wrong with an answer is said by Slack's client or by the app; here
//! nothing is judged.

use super::draw::{self, Ink};
use super::prompt::{Besides, Prompt, Told, taken};
use crate::simulator::Submitted;
use serde_json::Value;
use std::time::Duration;

impl Prompt<'_> {
    /// The form on the person's screen, unless it was asked already.
    pub(super) fn new_form(&self) -> Option<Value> {
        let form = self.person.modal()?;
        (form["id"].as_str() != self.done.as_deref()).then_some(form)
    }

    /// Asks what a form asks, input by input, and sends it. False: it is over.
    pub(super) async fn form(&mut self) -> bool {
        let Some(form) = self.new_form() else {
            return true;
        };
        self.screen
            .remark("Input by input: Enter keeps what stands there, cancel closes the form.");
        let mut to_ask = labels(&form);
        loop {
            for label in std::mem::take(&mut to_ask) {
                match self.input(&label).await {
                    Told::Line(line) if line == "cancel" => {
                        let _told = self.person.close_modal().await;
                        return true;
                    }
                    Told::Line(_) | Told::Form => {}
                    Told::Over => return false,
                }
            }
            let Some(form) = self.person.modal() else {
                return true;
            };
            match self.person.submit(&[]).await {
                Ok((_, Submitted::Closed | Submitted::Cleared)) => return true,
                Ok((_, Submitted::Errors(errors))) => {
                    for (block, words) in &errors {
                        let label = label_of(&form, block);
                        let words = words.as_str().unwrap_or_default();
                        self.screen.remark(&format!("{label}: {words}"));
                        to_ask.push(label);
                    }
                }
                Ok((_, Submitted::Updated | Submitted::Pushed)) => to_ask = labels(&form),
                Ok((_, Submitted::Trouble(why))) => {
                    self.screen.remark(&format!("Slack shows: {why}"));
                    self.done = form["id"].as_str().map(str::to_owned);
                    let _told = self.person.close_modal().await;
                    return true;
                }
                // An input that must not be empty; Slack's own client says so.
                Err(why) => {
                    self.screen.remark(&why);
                    to_ask = self.empty(&form);
                }
            }
        }
    }

    /// The inputs that must be filled in and are not; all of them, where that explains nothing.
    fn empty(&self, form: &Value) -> Vec<String> {
        let names = self.screen.names();
        let empty = inputs(form)
            .filter(|block| block["optional"] != true && draw::entry(form, block, names).is_none());
        let empty: Vec<String> = empty.map(|b| draw::plain_text(&b["label"])).collect();
        if empty.is_empty() {
            labels(form)
        } else {
            empty
        }
    }

    /// Asks for one input until it takes the answer.
    async fn input(&mut self, label: &str) -> Told {
        loop {
            let Some(form) = self.person.modal() else {
                return Told::Form;
            };
            let Some(block) = input_of(&form, label) else {
                return Told::Form;
            };
            let element = &block["element"];
            let options = draw::options(element);
            for (number, option) in (1..).zip(&options) {
                self.screen
                    .line(&format!("    {number} "), Ink::Plain, option);
            }
            let kept = draw::entry(&form, block, self.screen.names());
            let kept = kept.map_or_else(String::new, |kept| format!(" [{kept}]"));
            let line = match self
                .ask(&format!("{label}{kept}: "), Besides::Nothing)
                .await
            {
                Told::Line(line) => line.trim().to_owned(),
                over => return over,
            };
            if line.is_empty() || line == "cancel" {
                return Told::Line(line);
            }
            let number = line.parse::<usize>().ok();
            let chosen = number.and_then(|number| options.get(number.checked_sub(1)?));
            let value = chosen.unwrap_or(&line).clone();
            let tells = block["dispatch_action"] == true;
            match self.enter(&form, label, &value, tells).await {
                Ok(()) => return Told::Line(value),
                Err(_) if !options.is_empty() => {
                    self.screen.remark("Choose one of the numbers.");
                }
                Err(why) => self.screen.remark(&why),
            }
        }
    }

    async fn enter(
        &mut self,
        form: &Value,
        label: &str,
        value: &str,
        tells: bool,
    ) -> Result<(), String> {
        if !tells {
            return self.person.fill_in(&[(label, value)]);
        }
        taken(&self.person.act_in_modal(label, value).await?)?;
        // The app may fill in the rest; one that does not is no reason to wait for long.
        let person = self.person.clone();
        let changed = self
            .house
            .workspace
            .wait_until(Duration::from_secs(3), |_| {
                let now = person.modal()?;
                (now["hash"] != form["hash"]).then_some(())
            });
        let _either = changed.await;
        Ok(())
    }
}

fn inputs(form: &Value) -> impl Iterator<Item = &Value> {
    let blocks = form["blocks"].as_array().into_iter().flatten();
    blocks.filter(|block| block["type"] == "input")
}

fn labels(form: &Value) -> Vec<String> {
    inputs(form)
        .map(|block| draw::plain_text(&block["label"]))
        .collect()
}

fn input_of<'a>(form: &'a Value, label: &str) -> Option<&'a Value> {
    inputs(form).find(|block| block["label"]["text"] == label)
}

fn label_of(form: &Value, block: &str) -> String {
    let found = inputs(form).find(|input| input["block_id"] == block);
    found.map_or_else(
        || block.to_owned(),
        |input| draw::plain_text(&input["label"]),
    )
}
