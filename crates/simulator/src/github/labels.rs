//! Labels of a repository, and those on an issue. Names are compared without regard to case.

use serde_json::{Value, json};

use super::accounts::node_id;
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::issues::Issue;
use super::permissions::Needs;
use super::refusal::Refusal;
use super::repository::Repository;

const ALL: &str = "/repos/{owner}/{repo}/labels";
const ONE: &str = "/repos/{owner}/{repo}/labels/{name}";
const OF_ISSUE: &str = "/repos/{owner}/{repo}/issues/{issue_number}/labels";

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("issues/list-labels-for-repo", ALL, Needs::ISSUES_READ, list),
    Endpoint::post("issues/create-label", ALL, Needs::ISSUES_WRITE, create),
    Endpoint::get("issues/get-label", ONE, Needs::ISSUES_READ, one),
    Endpoint::patch("issues/update-label", ONE, Needs::ISSUES_WRITE, update),
    Endpoint::delete("issues/delete-label", ONE, Needs::ISSUES_WRITE, remove),
    Endpoint::get(
        "issues/list-labels-on-issue",
        OF_ISSUE,
        Needs::ISSUES_READ,
        of_issue,
    ),
    Endpoint::post("issues/add-labels", OF_ISSUE, Needs::ISSUES_WRITE, add),
    Endpoint::put("issues/set-labels", OF_ISSUE, Needs::ISSUES_WRITE, set),
    Endpoint::delete(
        "issues/remove-all-labels",
        OF_ISSUE,
        Needs::ISSUES_WRITE,
        clear,
    ),
    Endpoint::delete(
        "issues/remove-label",
        "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}",
        Needs::ISSUES_WRITE,
        take,
    ),
];

#[derive(Clone)]
pub(crate) struct Label {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) description: Option<String>,
}

impl Repository {
    pub(crate) fn label_json(&self, label: &Label) -> Value {
        let path: String =
            percent_encoding::utf8_percent_encode(&label.name, percent_encoding::NON_ALPHANUMERIC)
                .to_string();
        json!({"id": label.id, "node_id": node_id("Label", label.id), "name": label.name,
               "url": self.api(&format!("/labels/{path}")), "color": label.color,
               "default": false, "description": label.description})
    }

    pub(crate) fn labels_json(&self, names: &[String]) -> Vec<Value> {
        let found = names
            .iter()
            .filter_map(|name| self.labels.get(&name.to_lowercase()));
        found.map(|label| self.label_json(label)).collect()
    }
}

impl Call<'_> {
    /// Adds the labels that the repository does not have. An issue's new label gets the default color.
    pub(crate) fn ensure_labels(&mut self, names: &[String]) {
        for name in names {
            let id = self.fresh();
            let label = Label {
                id,
                name: name.clone(),
                color: "ededed".to_owned(),
                description: None,
            };
            self.repo_mut()
                .labels
                .entry(name.to_lowercase())
                .or_insert(label);
        }
    }

    fn find_label(&self) -> Result<Label, Refusal> {
        let key = self.part("name").to_lowercase();
        self.repo()
            .labels
            .get(&key)
            .cloned()
            .ok_or_else(Refusal::not_found)
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let shown = repository
        .labels
        .values()
        .map(|label| repository.label_json(label));
    Ok(Answer::list(shown.collect()))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let name = call.required("Label", "name")?;
    if call.repo().labels.contains_key(&name.to_lowercase()) {
        return Err(Refusal::invalid("Label", "name", "already_exists"));
    }
    let color = call.text("color").unwrap_or("ededed").to_owned();
    if color.len() != 6 || !color.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Refusal::invalid("Label", "color", "invalid"));
    }
    let description = call.text("description").map(str::to_owned);
    if description
        .as_ref()
        .is_some_and(|text| text.chars().count() > 100)
    {
        return Err(Refusal::invalid("Label", "description", "invalid"));
    }
    let label = Label {
        id: call.fresh(),
        name: name.clone(),
        color,
        description,
    };
    let shown = call.repo().label_json(&label);
    call.repo_mut().labels.insert(name.to_lowercase(), label);
    Ok(Answer::created(shown))
}

fn one(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(call.repo().label_json(&call.find_label()?)))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let mut label = call.find_label()?;
    if let Some(color) = call.text("color") {
        color.clone_into(&mut label.color);
    }
    if let Some(description) = call.text("description") {
        label.description = Some(description.to_owned());
    }
    let shown = call.repo().label_json(&label);
    call.repo_mut()
        .labels
        .insert(label.name.to_lowercase(), label);
    Ok(Answer::ok(shown))
}

fn remove(call: &mut Call<'_>) -> Outcome {
    let key = call.find_label()?.name.to_lowercase();
    let repository = call.repo_mut();
    repository.labels.remove(&key);
    for issue in repository.issues.values_mut() {
        issue.labels.retain(|name| name.to_lowercase() != key);
    }
    Ok(Answer::none())
}

fn of_issue(call: &mut Call<'_>) -> Outcome {
    let issue = call.issue()?;
    Ok(Answer::list(call.repo().labels_json(&issue.labels)))
}

/// Changes the labels of an issue, with an event for each one that is new or gone.
fn change(call: &mut Call<'_>, change: impl FnOnce(&mut Issue)) -> Outcome {
    let mut issue = call.issue()?;
    let before = issue.labels.clone();
    change(&mut issue);
    let after = issue.labels.clone();
    call.ensure_labels(&after);
    issue.updated_at = call.now;
    let number = issue.number;
    call.repo_mut().issues.insert(number, issue);
    call.emit_labels(number, &before);
    Ok(Answer::list(call.repo().labels_json(&after)))
}

/// The body is an array of names, or an object with `labels`.
fn given(call: &Call<'_>) -> Result<Vec<String>, Refusal> {
    let array = call.body.as_array();
    let names = array.map(|array| {
        array
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    });
    names
        .or_else(|| call.names("labels"))
        .ok_or_else(|| Refusal::invalid("Label", "labels", "missing_field"))
}

fn add(call: &mut Call<'_>) -> Outcome {
    let names = given(call)?;
    change(call, |issue| {
        for name in names {
            if !issue.has_label(&name) {
                issue.labels.push(name);
            }
        }
    })
}

fn set(call: &mut Call<'_>) -> Outcome {
    let names = given(call)?;
    change(call, |issue| issue.labels = names)
}

fn clear(call: &mut Call<'_>) -> Outcome {
    change(call, |issue| issue.labels.clear())?;
    Ok(Answer::none())
}

fn take(call: &mut Call<'_>) -> Outcome {
    let name = call.part("name").to_owned();
    if !call.issue()?.has_label(&name) {
        return Err(Refusal::new(
            axum::http::StatusCode::NOT_FOUND,
            "Label does not exist",
        ));
    }
    change(call, |issue| {
        issue.labels.retain(|old| !old.eq_ignore_ascii_case(&name))
    })
}
