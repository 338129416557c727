//! `/__sim/github`: the methods of [`GitHub`] over HTTP, for clients in other languages.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::act::PullFrom;
use super::permissions::Permissions;
use super::plan::{AttemptPlan, RunPlan};
use super::tokens::APP_KEY;
use crate::server::json_response;
use crate::workspace::Workspace;

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Operation {
    /// The App's id and key, and the addresses.
    Describe,
    AddRepository {
        name: String,
        #[serde(default)]
        public: bool,
    },
    Install {
        login: String,
    },
    Suspend {
        installation: u64,
        suspended: bool,
    },
    Grant {
        installation: u64,
        permissions: Permissions,
    },
    AddPersonalToken {
        token: String,
        login: String,
    },
    AddCollaborator {
        repository: String,
        login: String,
        role: String,
    },
    ExpireTokens,
    Quota {
        installation: u64,
        remaining: u64,
        resets_in: u64,
    },
    Limit {
        #[serde(default)]
        secondary: bool,
        #[serde(default = "forbidden")]
        status: u16,
    },
    Push {
        repository: String,
        branch: String,
        path: String,
        content: String,
        by: String,
    },
    /// A person's action, named as a request.
    Act {
        login: String,
        verb: String,
        path: String,
        #[serde(default)]
        body: Value,
    },
    OpenPull {
        repository: String,
        head: String,
        title: String,
        by: String,
        #[serde(default)]
        fork: bool,
    },
    PressCheck {
        repository: String,
        check: u64,
        identifier: String,
        by: String,
    },
    Rename {
        repository: String,
        name: String,
    },
    Select {
        installation: u64,
        repositories: Vec<String>,
    },
    AddDispatch {
        repository: String,
        name: String,
        inputs: Vec<String>,
        #[serde(default)]
        runs: AttemptPlan,
    },
    AddCache {
        repository: String,
        key: String,
        bytes: u64,
    },
    Run {
        repository: String,
        plan: RunPlan,
        #[serde(default)]
        only_start: bool,
    },
    FinishRuns,
    Deploy {
        repository: String,
        environment: String,
        reference: String,
        state: String,
        #[serde(default)]
        run: Option<u64>,
    },
    HoldWebhooks {
        hold: bool,
    },
    LoseWebhooks,
    DeliverWebhooks,
    Ping,
    /// The webhooks that wait, as they will be sent.
    Waiting,
}

fn forbidden() -> u16 {
    403
}

/// Everything that is in the repositories, and the deliveries.
pub(crate) async fn overview(State(workspace): State<Workspace>) -> Response {
    let github = workspace.github();
    let shown = json!({"repositories": github.repositories(), "deliveries": github.deliveries()});
    json_response(StatusCode::OK, &shown)
}

pub(crate) async fn operation(State(workspace): State<Workspace>, body: Bytes) -> Response {
    let operation: Operation = match serde_json::from_slice(&body) {
        Ok(operation) => operation,
        Err(error) => {
            let body = json!({"error": error.to_string()});
            return json_response(StatusCode::BAD_REQUEST, &body);
        }
    };
    match run(operation, &workspace).await {
        Ok(value) => json_response(StatusCode::OK, &value),
        Err(why) => json_response(StatusCode::BAD_REQUEST, &json!({"error": why})),
    }
}

async fn run(operation: Operation, workspace: &Workspace) -> Result<Value, String> {
    let github = workspace.github();
    let known = |name: &str| match github.state().repository_id(name) {
        Some(_) => Ok(()),
        None => Err(format!("there is no repository {name}")),
    };
    let done = json!({"ok": true});
    Ok(match operation {
        Operation::Describe => json!({
            "api": github.api_url(), "enterprise": github.enterprise_url(),
            "storage": github.storage_url(), "app_id": github.app_id(), "private_key": APP_KEY,
            "webhook_secret": workspace.app().github_secret.clone(),
        }),
        Operation::AddRepository { name, public } => {
            let id = github.add_repository(&name);
            if public {
                github.make_public(&name);
            }
            json!({"id": id})
        }
        Operation::Install { login } => json!({"id": github.install(&login)}),
        Operation::Suspend {
            installation,
            suspended,
        } => {
            github.suspend(installation, suspended);
            done
        }
        Operation::Grant {
            installation,
            permissions,
        } => {
            let granted: Vec<_> = permissions
                .iter()
                .map(|(name, l)| (name.as_str(), *l))
                .collect();
            github.grant(installation, &granted);
            done
        }
        Operation::AddPersonalToken { token, login } => {
            github.add_personal_token(&token, &login);
            done
        }
        Operation::AddCollaborator {
            repository,
            login,
            role,
        } => {
            known(&repository)?;
            github.add_collaborator(&repository, &login, &role);
            done
        }
        Operation::ExpireTokens => {
            github.expire_tokens();
            done
        }
        Operation::Quota {
            installation,
            remaining,
            resets_in,
        } => {
            let wait = std::time::Duration::from_secs(resets_in);
            github.set_quota(installation, remaining, wait);
            done
        }
        Operation::Limit { secondary, status } => {
            github.limit(|limits| {
                limits.secondary = secondary;
                limits.status = status;
            });
            done
        }
        Operation::Push {
            repository,
            branch,
            path,
            content,
            by,
        } => {
            known(&repository)?;
            json!({"sha": github.push(&repository, &branch, &path, &content, &by)})
        }
        Operation::Act {
            login,
            verb,
            path,
            body,
        } => github.act(&login, &verb, &path, body)?,
        Operation::OpenPull {
            repository,
            head,
            title,
            by,
            fork,
        } => {
            known(&repository)?;
            let from = if fork {
                PullFrom::Fork
            } else {
                PullFrom::Repository
            };
            json!({"number": github.open_pull(&repository, &head, &title, &by, from)})
        }
        Operation::PressCheck {
            repository,
            check,
            identifier,
            by,
        } => {
            known(&repository)?;
            github.press_check(&repository, check, &identifier, &by)?;
            done
        }
        Operation::Rename { repository, name } => {
            known(&repository)?;
            github.rename(&repository, &name);
            done
        }
        Operation::Select {
            installation,
            repositories,
        } => {
            for name in &repositories {
                known(name)?;
            }
            let names: Vec<&str> = repositories.iter().map(String::as_str).collect();
            github.select(installation, &names);
            done
        }
        Operation::AddDispatch {
            repository,
            name,
            inputs,
            runs,
        } => {
            known(&repository)?;
            let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
            json!({"id": github.add_dispatch(&repository, &name, &inputs, runs)})
        }
        Operation::AddCache {
            repository,
            key,
            bytes,
        } => {
            known(&repository)?;
            json!({"id": github.add_cache(&repository, &key, bytes)})
        }
        Operation::Run {
            repository,
            plan,
            only_start,
        } => {
            known(&repository)?;
            let id = match only_start {
                true => github.start_run(&repository, plan),
                false => github.run(&repository, plan),
            };
            json!({"id": id})
        }
        Operation::FinishRuns => json!({"finished": github.finish_runs()}),
        Operation::Deploy {
            repository,
            environment,
            reference,
            state,
            run,
        } => {
            known(&repository)?;
            let id = github.deploy(&repository, &environment, &reference, run);
            github.deployment_status(&repository, id, &state);
            json!({"id": id})
        }
        Operation::HoldWebhooks { hold } => {
            github.behave(|behaviour| behaviour.hold_webhooks = hold);
            done
        }
        Operation::LoseWebhooks => {
            github.lose_webhooks();
            done
        }
        Operation::DeliverWebhooks => {
            github.deliver_webhooks().await;
            done
        }
        Operation::Ping => {
            github.ping().await;
            done
        }
        Operation::Waiting => {
            let state = github.state();
            let all = state.unsent.iter().map(|webhook| {
                json!({"guid": webhook.guid, "event": webhook.event, "payload": webhook.payload})
            });
            let all: Vec<Value> = all.collect();
            json!(all)
        }
    })
}
