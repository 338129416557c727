//! A form: what we ask a person to fill in, without saying how it looks.
//!
//! An adapter renders it as a modal and gives back [`Values`] by the inputs' keys. Validation is
//! pure and happens before the submission is appended, because its field errors must be in the
//! HTTP answer (Slack closes the modal otherwise).

use super::super::ids::UserId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A form to fill in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// Which form it is, such as `declare`.
    pub name: String,
    /// The title; at most 24 characters are shown.
    pub title: String,
    /// What the button that sends it says; at most 24 characters.
    pub submit: String,
    /// The inputs, from top to bottom.
    pub inputs: Vec<Input>,
    /// Travels with the form and comes back as it is; at most 3,000 characters as JSON.
    pub context: BTreeMap<String, String>,
    /// Changes when initial values must replace what the inputs contain (Slack keeps a person's
    /// entry as long as an input keeps its id).
    pub revision: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Its key in the values.
    pub key: String,
    /// What it is labelled.
    pub label: String,
    /// A line of advice below it.
    pub hint: Option<String>,
    /// Whether it may stay empty.
    pub optional: bool,
    /// What kind of entry it takes.
    pub kind: InputKind,
}

/// What kind of entry an input takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// Text: of one line, or of several when it may be long.
    Text {
        initial: Option<String>,
        /// The longest text that is taken, in characters.
        max: u16,
    },
    /// One of the options.
    Select {
        /// Value and label of each; any number: the adapter groups them by its limits.
        options: Vec<(String, String)>,
        /// The value that is chosen at first.
        initial: Option<String>,
        /// Whether a choice is told at once, as a click named `<form>.<key>`.
        tells: Tells,
    },
    Person {
        /// Who is chosen at first.
        initial: Option<UserId>,
    },
}

/// Whether a choice is told at once or with the submission only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tells {
    /// As soon as it is made.
    AtOnce,
    OnSubmit,
}

/// What was filled in: an input's key to its text, option value or user id. Empty inputs are absent.
pub type Values = BTreeMap<String, String>;

/// What is wrong with a submission: an input's key to the sentence that says what to do.
pub type FieldErrors = BTreeMap<String, String>;
