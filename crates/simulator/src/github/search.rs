//! Search of issues and pull requests. The index is behind: what is new is not found yet.

use serde_json::{Value, json};

use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::issues::Issue;
use super::permissions::Needs;
use super::refusal::Refusal;
use super::repository::Repository;

pub(crate) const ENDPOINTS: &[Endpoint] = &[Endpoint::get(
    "search/issues-and-pull-requests",
    "/search/issues",
    Needs::Nothing,
    issues,
)];

/// The words of a query. A quoted part is one word, also after a qualifier.
fn words(query: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in query.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => {
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn fits(repository: &Repository, issue: &Issue, word: &str) -> bool {
    let (qualifier, value) = word.split_once(':').unwrap_or(("", word));
    match (qualifier, value) {
        ("repo", name) => repository.full_name().eq_ignore_ascii_case(name),
        ("org" | "user", name) => repository.owner.login.eq_ignore_ascii_case(name),
        ("is" | "type", "issue") => !issue.is_pull,
        ("is" | "type", "pr" | "pull-request") => issue.is_pull,
        ("is" | "state", "open") => issue.open,
        ("is" | "state", "closed") => !issue.open,
        ("label", name) => issue.has_label(name),
        ("author", login) => {
            let login = login
                .strip_prefix("app/")
                .map_or(login.to_owned(), |app| format!("{app}[bot]"));
            issue.user.login.eq_ignore_ascii_case(&login)
        }
        ("in" | "sort", _) => true,
        _ => {
            let text = format!(
                "{} {}",
                issue.title,
                issue.body.as_deref().unwrap_or_default()
            );
            text.to_lowercase().contains(&word.to_lowercase())
        }
    }
}

fn issues(call: &mut Call<'_>) -> Outcome {
    let query = call
        .query("q")
        .ok_or_else(|| Refusal::invalid("Search", "q", "missing"))?;
    let words = words(query);
    let indexed = call.now - call.state.behaviour.search_lag;
    let seen = call
        .state
        .repositories
        .values()
        .filter(|repository| call.caller.sees(repository));
    let found = seen.flat_map(|repository| {
        let fitting = repository.issues.values().filter(|issue| {
            issue.updated_at <= indexed && words.iter().all(|word| fits(repository, issue, word))
        });
        fitting.map(|issue| {
            let mut shown = repository.issue_json(issue);
            shown["score"] = json!(1.0);
            shown
        })
    });
    let found: Vec<Value> = found.collect();
    let page = super::pages::numbered(found, Some("items"), "/search/issues", &call.query);
    let mut body = page.body;
    body["incomplete_results"] = json!(false);
    body["search_type"] = json!("lexical");
    Ok(Answer::Page(body, page.link))
}
