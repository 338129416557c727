//! A request to an endpoint, and the answer before it becomes a response.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::accounts::{Account, AccountType, Holder};
use super::endpoint::Found;
use super::permissions::Caller;
use super::refusal::Refusal;
use super::repository::Repository;
use super::state::GitHubState;
use crate::state::Moment;

pub(crate) type Outcome = Result<Answer, Refusal>;

pub(crate) enum Answer {
    Json(StatusCode, Value),
    /// Served in pages, as an array, or in an object with `total_count`.
    List(Vec<Value>, Option<&'static str>),
    /// A page that is already made, with its links.
    Page(Value, Option<String>),
    /// Served in pages with cursors.
    Cursor(Vec<Value>),
    Empty(StatusCode),
    /// 302 to a URL.
    Redirect(String),
    Raw(Vec<u8>),
}

impl Answer {
    pub(crate) fn ok(body: Value) -> Self {
        Self::Json(StatusCode::OK, body)
    }

    pub(crate) fn created(body: Value) -> Self {
        Self::Json(StatusCode::CREATED, body)
    }

    pub(crate) fn list(items: Vec<Value>) -> Self {
        Self::List(items, None)
    }

    pub(crate) fn counted(key: &'static str, items: Vec<Value>) -> Self {
        Self::List(items, Some(key))
    }

    pub(crate) fn none() -> Self {
        Self::Empty(StatusCode::NO_CONTENT)
    }
}

pub(crate) struct Call<'a> {
    pub(crate) state: &'a mut GitHubState,
    pub(crate) caller: Caller,
    pub(crate) now: Moment,
    pub(crate) path: Found,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Value,
    pub(crate) accept: String,
    /// The repository of the path; 0 if there is none.
    pub(crate) repository: u64,
}

impl Call<'_> {
    /// A part of the path.
    pub(crate) fn part(&self, name: &str) -> &str {
        let found = self.path.iter().find(|(n, _)| *n == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// A number in the path. Text in its place is 404.
    pub(crate) fn number(&self, name: &str) -> Result<u64, Refusal> {
        self.part(name).parse().map_err(|_| Refusal::not_found())
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(n, _)| n == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A string of the body.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body[name].as_str()
    }

    /// A string that the body must have; 422 without it.
    pub(crate) fn required(&self, resource: &str, name: &str) -> Result<String, Refusal> {
        let text = self.text(name).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Refusal::invalid(resource, name, "missing_field"))?;
        Ok(text.to_owned())
    }

    /// Strings in an array, or the names in an array of objects.
    pub(crate) fn names(&self, name: &str) -> Option<Vec<String>> {
        let items = self.body[name].as_array()?;
        let words = items
            .iter()
            .filter_map(|item| item.as_str().or(item["name"].as_str()));
        Some(words.map(str::to_owned).collect())
    }

    pub(crate) fn repo(&self) -> &Repository {
        &self.state.repositories[&self.repository]
    }

    pub(crate) fn repo_mut(&mut self) -> &mut Repository {
        self.state
            .repositories
            .get_mut(&self.repository)
            .expect("the server has found the repository")
    }

    pub(crate) fn fresh(&mut self) -> u64 {
        self.state.fresh()
    }

    /// The account that acts: the person, or the App's bot.
    pub(crate) fn actor(&self) -> Account {
        match &self.caller {
            Caller::Token {
                holder: Holder::Person(login),
                ..
            } => self.state.account(login),
            Caller::Token { .. } | Caller::App | Caller::Anonymous => self.state.bot(),
        }
    }

    /// The App, if the caller is one of its installations.
    pub(crate) fn via_app(&self) -> bool {
        matches!(
            &self.caller,
            Caller::Token {
                holder: Holder::Installation(_),
                ..
            }
        )
    }

    pub(crate) fn app_json(&self) -> Value {
        self.state.app_json()
    }

    /// Sends a webhook about this repository; `fields` are those beside `repository` and `sender`.
    pub(crate) fn emit(&mut self, event: &str, action: Option<&str>, fields: Value) {
        let sender = self.actor();
        let (repository, now) = (self.repository, self.now);
        self.state
            .emit(event, action, Some(repository), fields, &sender, now);
    }
}

impl GitHubState {
    pub(crate) fn account(&self, login: &str) -> Account {
        let known = self.accounts.get(&login.to_lowercase()).cloned();
        known.unwrap_or_else(|| Account {
            id: 9_999_999,
            login: login.to_owned(),
            kind: AccountType::User,
        })
    }

    /// The account of the App's bot: `slug[bot]`.
    pub(crate) fn bot(&self) -> Account {
        let login = format!("{}[bot]", self.app.slug);
        Account {
            id: self.app.app_id + 100_000_000,
            login,
            kind: AccountType::Bot,
        }
    }

    pub(crate) fn app_json(&self) -> Value {
        self.app.json(&self.account(&self.app.owner))
    }
}

/// An array as a page shows it: the value of `total_count` is that of all pages.
pub(crate) fn counted(key: &str, total: usize, items: &[Value]) -> Value {
    json!({"total_count": total, key: items})
}

/// Adds the fields of one object to another.
pub(crate) fn extend(shown: &mut Value, more: Value) {
    if let (Some(shown), Value::Object(more)) = (shown.as_object_mut(), more) {
        shown.extend(more);
    }
}
