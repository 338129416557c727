//! The App's own endpoints: itself, its installations, and their tokens.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::accounts::{Holder, Installation, Token, stamp, wire};
use super::call::{Answer, Call, Outcome};
use super::endpoint::Endpoint;
use super::permissions::{Level, Needs, Permissions};
use super::refusal::{Refusal, refuse};

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("apps/get-authenticated", "/app", Needs::App, this),
    Endpoint::get(
        "apps/get-webhook-config-for-app",
        "/app/hook/config",
        Needs::App,
        hook,
    ),
    Endpoint::get(
        "apps/list-installations",
        "/app/installations",
        Needs::App,
        list,
    ),
    Endpoint::get(
        "apps/get-installation",
        "/app/installations/{installation_id}",
        Needs::App,
        one,
    ),
    Endpoint::post(
        "apps/create-installation-access-token",
        "/app/installations/{installation_id}/access_tokens",
        Needs::App,
        create_token,
    ),
    Endpoint::get(
        "apps/get-repo-installation",
        "/repos/{owner}/{repo}/installation",
        Needs::App,
        of_repository,
    ),
    Endpoint::get(
        "apps/get-org-installation",
        "/orgs/{org}/installation",
        Needs::App,
        of_account,
    ),
    Endpoint::get(
        "apps/get-user-installation",
        "/users/{username}/installation",
        Needs::App,
        of_account,
    ),
    Endpoint::delete(
        "apps/revoke-installation-access-token",
        "/installation/token",
        Needs::Installation,
        revoke,
    ),
];

/// How long an installation's token is valid.
const TOKEN_HOURS: i64 = 1;

fn this(call: &mut Call<'_>) -> Outcome {
    let mut app = call.app_json();
    app["installations_count"] = json!(call.state.installations.len());
    Ok(Answer::ok(app))
}

fn hook(_call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(
        json!({"content_type": "json", "insecure_ssl": "0", "secret": "********",
                         "url": "https://app.example/webhooks"}),
    ))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let app = &call.state.app;
    let all = call
        .state
        .installations
        .values()
        .map(|installation| installation.json(app));
    Ok(Answer::list(all.collect()))
}

fn find(call: &Call<'_>) -> Result<Installation, Refusal> {
    let id = call.number("installation_id")?;
    let found = call.state.installations.get(&id);
    found.cloned().ok_or_else(Refusal::not_found)
}

fn one(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(find(call)?.json(&call.state.app)))
}

fn of_repository(call: &mut Call<'_>) -> Outcome {
    let found = call.state.installation_of(call.repository);
    let found = found.ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(found.json(&call.state.app)))
}

fn of_account(call: &mut Call<'_>) -> Outcome {
    let login = [call.part("org"), call.part("username")]
        .concat()
        .to_lowercase();
    let mut all = call.state.installations.values();
    let found = all.find(|installation| installation.account.login.to_lowercase() == login);
    let found = found.ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(found.json(&call.state.app)))
}

/// The permissions of a new token: those of the installation, or fewer. An empty object asks for all,
/// which PyGithub relies on.
fn narrowed(asked: &Value, granted: &Permissions) -> Result<Permissions, Refusal> {
    let Some(asked) = asked.as_object().filter(|asked| !asked.is_empty()) else {
        return Ok(granted.clone());
    };
    let mut narrowed = Permissions::new();
    for (name, level) in asked {
        let level: Option<Level> = serde_json::from_value(level.clone()).ok();
        let allowed = level.filter(|level| granted.get(name).is_some_and(|has| has >= level));
        let Some(level) = allowed else {
            return Err(Refusal::unprocessable(
                "The permissions requested are not granted to this installation.",
            ));
        };
        narrowed.insert(name.clone(), level);
    }
    narrowed.insert("metadata".to_owned(), Level::Read);
    Ok(narrowed)
}

/// The repositories that a new token is narrowed to.
fn chosen(call: &Call<'_>, installed: &BTreeSet<u64>) -> Result<Option<BTreeSet<u64>>, Refusal> {
    let ids = call.body["repository_ids"].as_array();
    let ids = ids.map(|ids| {
        ids.iter()
            .filter_map(Value::as_u64)
            .collect::<BTreeSet<u64>>()
    });
    let named = call.names("repositories").map(|names| {
        let by_name = |name: &String| {
            let mut all = call.state.repositories.values();
            let found = all.find(|repository| {
                repository.name.eq_ignore_ascii_case(name) && installed.contains(&repository.id)
            });
            found.map_or(0, |repository| repository.id)
        };
        names.iter().map(by_name).collect::<BTreeSet<u64>>()
    });
    let Some(chosen) = ids.or(named) else {
        return Ok(None);
    };
    if !chosen.is_subset(installed) {
        return Err(Refusal::unprocessable(
            "There is at least one repository that does not exist or is not accessible to the \
             parent installation.",
        ));
    }
    Ok(Some(chosen))
}

fn create_token(call: &mut Call<'_>) -> Outcome {
    let installation = find(call)?;
    if installation.suspended_at.is_some() {
        return refuse(
            StatusCode::FORBIDDEN,
            "This installation has been suspended",
        );
    }
    let permissions = narrowed(&call.body["permissions"], &installation.permissions)?;
    let repositories = chosen(call, &call.state.installed(&installation))?;
    let token = format!("ghs_{}", Uuid::new_v4().simple());
    let expires_at = call.now + TimeDelta::hours(TOKEN_HOURS);
    let selected = installation.selected.is_some() || repositories.is_some();
    let mut answer = json!({
        "token": token, "expires_at": stamp(expires_at), "permissions": wire(&permissions),
        "repository_selection": if selected { "selected" } else { "all" },
    });
    if let Some(chosen) = &repositories {
        let shown = chosen
            .iter()
            .filter_map(|id| call.state.repositories.get(id));
        answer["repositories"] = shown.map(|repository| repository.json()).collect();
    }
    let entry = Token {
        holder: Holder::Installation(installation.id),
        permissions,
        repositories,
        expires_at: Some(expires_at),
    };
    call.state.tokens.insert(token, entry);
    Ok(Answer::created(answer))
}

/// Revokes the tokens of the same installation and scope; the caller's is among them.
fn revoke(call: &mut Call<'_>) -> Outcome {
    let super::permissions::Caller::Token {
        holder,
        permissions,
        ..
    } = &call.caller
    else {
        return Err(Refusal::bad_credentials());
    };
    let (holder, permissions) = (holder.clone(), permissions.clone());
    call.state
        .tokens
        .retain(|_, token| token.holder != holder || token.permissions != permissions);
    Ok(Answer::none())
}
