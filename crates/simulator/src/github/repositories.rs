//! Repositories, their branches and collaborators, and the account of a personal token.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::accounts::Holder;
use super::call::{Answer, Call, Outcome, extend};
use super::endpoint::Endpoint;
use super::permissions::{Caller, Needs};
use super::refusal::{Refusal, refuse};
use super::repository::Repository;

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("meta/root", "/", Needs::Nothing, root),
    Endpoint::get("meta/get", "/meta", Needs::Nothing, meta),
    Endpoint::get("users/get-authenticated", "/user", Needs::Person, user),
    Endpoint::get(
        "users/get-by-username",
        "/users/{username}",
        Needs::Nothing,
        by_login,
    ),
    Endpoint::get(
        "repos/list-for-authenticated-user",
        "/user/repos",
        Needs::Person,
        reachable,
    ),
    Endpoint::get(
        "repos/list-for-org",
        "/orgs/{org}/repos",
        Needs::Nothing,
        of_account,
    ),
    Endpoint::get(
        "repos/list-for-user",
        "/users/{username}/repos",
        Needs::Nothing,
        of_account,
    ),
    Endpoint::get(
        "apps/list-repos-accessible-to-installation",
        "/installation/repositories",
        Needs::Installation,
        installed,
    ),
    Endpoint::get("repos/get", "/repos/{owner}/{repo}", Needs::METADATA, one),
    Endpoint::get(
        "repos/list-branches",
        "/repos/{owner}/{repo}/branches",
        Needs::CONTENTS_READ,
        branches,
    ),
    Endpoint::get(
        "repos/get-branch",
        "/repos/{owner}/{repo}/branches/{*branch}",
        Needs::CONTENTS_READ,
        branch,
    ),
    Endpoint::get(
        "repos/get-collaborator-permission-level",
        "/repos/{owner}/{repo}/collaborators/{username}/permission",
        Needs::METADATA,
        collaborator,
    ),
];

fn root(_call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(
        json!({"current_user_url": format!("{}/user", super::hosts::API),
                         "rate_limit_url": format!("{}/rate_limit", super::hosts::API)}),
    ))
}

fn meta(_call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(
        json!({"verifiable_password_authentication": false, "hooks": ["127.0.0.1/32"],
                         "api": ["127.0.0.1/32"]}),
    ))
}

fn profile(call: &Call<'_>, login: &str) -> Value {
    let account = call.state.account(login);
    let mut shown = account.json();
    let more = json!({
        "name": account.login, "company": null, "blog": "", "location": null, "email": null,
        "hireable": null, "bio": null, "twitter_username": null, "public_repos": 0,
        "public_gists": 0, "followers": 0, "following": 0,
        "created_at": "2020-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    });
    extend(&mut shown, more);
    shown
}

fn user(call: &mut Call<'_>) -> Outcome {
    let login = call.actor().login;
    Ok(Answer::ok(profile(call, &login)))
}

fn by_login(call: &mut Call<'_>) -> Outcome {
    let login = call.part("username").to_owned();
    if !call.state.accounts.contains_key(&login.to_lowercase()) {
        return Err(Refusal::not_found());
    }
    Ok(Answer::ok(profile(call, &login)))
}

fn shown(call: &Call<'_>, keep: impl Fn(&Repository) -> bool) -> Vec<Value> {
    let all = call
        .state
        .repositories
        .values()
        .filter(|repository| keep(repository));
    all.map(Repository::json).collect()
}

fn reachable(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::list(shown(call, |repository| {
        call.caller.reaches(repository)
    })))
}

fn of_account(call: &mut Call<'_>) -> Outcome {
    let login = [call.part("org"), call.part("username")].concat();
    if !call.state.accounts.contains_key(&login.to_lowercase()) {
        return Err(Refusal::not_found());
    }
    Ok(Answer::list(shown(call, |repository| {
        repository.owner.login.eq_ignore_ascii_case(&login) && call.caller.sees(repository)
    })))
}

fn installed(call: &mut Call<'_>) -> Outcome {
    let all = shown(call, |repository| call.caller.reaches(repository));
    let selected = matches!(&call.caller, Caller::Token { holder: Holder::Installation(id), .. }
        if call.state.installations.get(id).is_some_and(|i| i.selected.is_some()));
    // The selection is beside the array, so the page is made here.
    let path = "/installation/repositories";
    let page = super::pages::numbered(all, Some("repositories"), path, &call.query);
    let mut body = page.body;
    body["repository_selection"] = json!(if selected { "selected" } else { "all" });
    Ok(Answer::Page(body, page.link))
}

fn one(call: &mut Call<'_>) -> Outcome {
    let mut shown = call.repo().json();
    let written = call
        .caller
        .may("contents", super::permissions::Level::Write);
    shown["permissions"] = json!({"admin": false, "maintain": false, "triage": written,
                                  "push": written, "pull": true});
    if call.repo().owner.kind == super::accounts::AccountType::Organization {
        shown["organization"] = call.repo().owner.json();
    }
    Ok(Answer::ok(shown))
}

fn branches(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let heads = repository.git.refs.iter();
    let heads = heads.filter_map(|(name, sha)| Some((name.strip_prefix("heads/")?, sha)));
    let shown = heads.map(|(name, sha)| {
        let url = repository.api(&format!("/commits/{sha}"));
        json!({"name": name, "commit": {"sha": sha, "url": url}, "protected": false})
    });
    Ok(Answer::list(shown.collect()))
}

fn branch(call: &mut Call<'_>) -> Outcome {
    let repository = call.repo();
    let name = call.part("branch");
    let sha = repository.git.refs.get(&format!("heads/{name}"));
    let commit = sha.and_then(|sha| repository.git.commits.get(sha));
    let Some(commit) = commit else {
        return refuse(StatusCode::NOT_FOUND, "Branch not found");
    };
    let url = repository.api(&format!("/branches/{name}"));
    let checks = json!({"enforcement_level": "off", "contexts": [], "checks": []});
    Ok(Answer::ok(json!({
        "name": name, "commit": repository.commit_json(commit), "protected": false,
        "_links": {"self": url, "html": repository.html(&format!("/tree/{name}"))},
        "protection": {"enabled": false, "required_status_checks": checks},
        "protection_url": format!("{url}/protection"),
    })))
}

fn collaborator(call: &mut Call<'_>) -> Outcome {
    let login = call.part("username").to_owned();
    if !call.state.accounts.contains_key(&login.to_lowercase()) {
        return Err(Refusal::not_found());
    }
    let repository = call.repo();
    let role = match repository.collaborators.get(&login) {
        _ if repository.owner.login == login => "admin",
        Some(role) => role,
        None if repository.private => "none",
        None => "read",
    };
    let mut user = profile(call, &login);
    let at_least = |roles: &[&str]| roles.contains(&role);
    user["role_name"] = json!(role);
    user["permissions"] = json!({
        "pull": role != "none", "triage": at_least(&["write", "admin"]),
        "push": at_least(&["write", "admin"]), "maintain": at_least(&["admin"]),
        "admin": at_least(&["admin"]),
    });
    Ok(Answer::ok(
        json!({"permission": role, "role_name": role, "user": user}),
    ))
}
