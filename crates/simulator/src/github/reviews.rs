//! Reviews of pull requests, as far as events and comments need them.

use serde_json::{Value, json};

use super::accounts::{node_id, stamp};
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::issues::association;
use super::permissions::Needs;
use super::refusal::Refusal;

const ALL: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews";

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("pulls/list-reviews", ALL, Needs::PULLS_READ, list),
    Endpoint::post("pulls/create-review", ALL, Needs::PULLS_WRITE, create),
];

fn list(call: &mut Call<'_>) -> Outcome {
    let number = call.pull()?.number;
    let all = call.state.reviews.get(&(call.repository, number));
    Ok(Answer::list(all.cloned().unwrap_or_default()))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let pull = call.pull()?;
    let state = match call.text("event") {
        Some("APPROVE") => "approved",
        Some("REQUEST_CHANGES") => "changes_requested",
        Some("COMMENT") => "commented",
        _ => {
            return Err(Refusal::unprocessable(
                "Only events APPROVE, REQUEST_CHANGES, COMMENT are known",
            ));
        }
    };
    let number = pull.number;
    if call.repo().issues[&number].user.login == call.actor().login && state != "commented" {
        return Err(Refusal::unprocessable(
            "Can not approve your own pull request",
        ));
    }
    let id = call.fresh();
    let (head, _) = call.repo().pull_ends(&pull);
    let url = call.repo().api(&format!("/pulls/{number}"));
    let html = call
        .repo()
        .html(&format!("/pull/{number}#pullrequestreview-{id}"));
    let actor = call.actor();
    let mut review: Value = json!({
        "id": id, "node_id": node_id("PullRequestReview", id), "user": actor.json(),
        "body": call.text("body").unwrap_or_default(), "state": state.to_uppercase(),
        "html_url": html, "pull_request_url": url, "submitted_at": stamp(call.now),
        "commit_id": head, "author_association": association(call.repo(), &actor),
        "_links": {"html": {"href": html}, "pull_request": {"href": url}},
    });
    let key = (call.repository, number);
    call.state
        .reviews
        .entry(key)
        .or_default()
        .push(review.clone());
    let answer = review.clone();
    review["state"] = json!(state);
    review["updated_at"] = json!(stamp(call.now));
    let shown = call.repo().pull_short(&call.repo().pulls[&number]);
    call.emit(
        "pull_request_review",
        Some("submitted"),
        json!({"review": review, "pull_request": shown}),
    );
    Ok(Answer::ok(answer))
}
