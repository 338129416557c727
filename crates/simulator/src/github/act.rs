//! People act: any endpoint, as a person with all permissions, without HTTP.

use serde_json::Value;

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
}
