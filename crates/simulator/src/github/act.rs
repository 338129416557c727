//! People act: any endpoint, as a person with all permissions, without HTTP.

use serde_json::{Value, json};

use super::GitHub;
use super::accounts::{AccountType, Holder};
use super::call::{Answer, Call};
use super::endpoint;
use super::permissions::{Caller, Level};

impl GitHub {
    /// What a person does in the browser, named as a request: `POST`, `/repos/acme/api/issues`, a body.
    ///
    /// # Errors
    /// The status and the message, when GitHub refuses it.
    pub fn act(&self, login: &str, verb: &str, path: &str, body: Value) -> Result<Value, String> {
        let now = self.0.now();
        let mut state = self.state();
        state.add_account(login, AccountType::User);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let (endpoint, parts) =
            endpoint::find(verb, path).ok_or_else(|| format!("no endpoint {verb} {path}"))?;
        let part = |name: &str| {
            parts
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| v.as_str())
        };
        let name = part("owner")
            .zip(part("repo"))
            .map(|(owner, repo)| format!("{owner}/{repo}"));
        let repository = match &name {
            Some(name) => state.repository_id(name).ok_or("404 Not Found")?,
            None => 0,
        };
        let mut permissions = state.app.permissions.clone();
        for level in permissions.values_mut() {
            *level = Level::Admin;
        }
        permissions.insert("workflows".to_owned(), Level::Admin);
        let caller = Caller::Token {
            holder: Holder::Person(login.to_owned()),
            permissions,
            repositories: state.repositories.keys().copied().collect(),
        };
        let query = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let accept = String::new();
        let addresses = state.addresses.clone();
        let mut call = Call {
            state: &mut state,
            caller,
            now,
            path: parts,
            query,
            body,
            accept,
            repository,
        };
        let outcome = (endpoint.run)(&mut call);
        drop(state);
        self.0.changed();
        let shown = match outcome {
            Ok(Answer::Json(_, body) | Answer::Page(body, _)) => body,
            Ok(Answer::List(items, _) | Answer::Cursor(items)) => Value::Array(items),
            Ok(Answer::Redirect(url)) => Value::String(url),
            Ok(Answer::Empty(_)) => Value::Null,
            Ok(Answer::Raw(bytes)) => Value::String(String::from_utf8_lossy(&bytes).into_owned()),
            Err(refusal) => {
                return Err(format!("{} {}", refusal.status.as_u16(), refusal.message));
            }
        };
        let text = addresses.exchange(&shown.to_string(), "");
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    /// A person opens a pull request for a branch that is pushed. From a fork, runs do not name it.
    pub fn open_pull(
        &self,
        repository: &str,
        head: &str,
        title: &str,
        by: &str,
        from: PullFrom,
    ) -> u64 {
        let body = json!({"title": title, "head": head, "base": "main"});
        let path = format!("/repos/{repository}/pulls");
        let made = self.act(by, "POST", &path, body);
        let made = made.unwrap_or_else(|why| panic!("{repository} {head}: {why}"));
        let number = made["number"].as_u64().unwrap_or_default();
        let mut state = self.state();
        let id = state.must_find(repository);
        let found = state.repositories.get_mut(&id);
        if let Some(pull) = found.and_then(|found| found.pulls.get_mut(&number)) {
            pull.fork = from == PullFrom::Fork;
        }
        number
    }

    /// A person presses a button on the page of a check run.
    ///
    /// # Errors
    /// When the check has no button with this identifier.
    pub fn press_check(
        &self,
        repository: &str,
        check: u64,
        identifier: &str,
        by: &str,
    ) -> Result<(), String> {
        let now = self.0.now();
        let mut state = self.state();
        let by = state.add_account(by, AccountType::User);
        let id = state.must_find(repository);
        let app = state.app_json();
        let repo = &state.repositories[&id];
        let found = repo.checks.get(&check).ok_or("no such check run")?;
        if !found
            .actions
            .iter()
            .any(|action| action["identifier"] == identifier)
        {
            return Err(format!("the check run has no button {identifier}"));
        }
        let fields = json!({"check_run": repo.own_check_json(found, &app),
                            "requested_action": {"identifier": identifier}});
        state.emit(
            "check_run",
            Some("requested_action"),
            Some(id),
            fields,
            &by,
            now,
        );
        drop(state);
        self.0.changed();
        Ok(())
    }
}

/// Where the branch of a pull request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullFrom {
    Repository,
    Fork,
}
