//! The orders of `/__sim/order`, one variant each, and what each does by the handle.
//!
//! An order does nothing that the Rust handle cannot: it is the same power in JSON.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Signing;
use super::faults::FaultRule;
use super::github::Encoding;
use super::limits::Limits;
use super::outgoing::Heard;
use super::people::mint_trigger;
use super::response_url;
use super::state::RoomKind;
use super::workspace::Workspace;

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Order {
    AddUser {
        name: String,
        #[serde(default)]
        id: Option<String>,
    },
    AddChannel {
        name: String,
        #[serde(default)]
        id: Option<String>,
        #[serde(default)]
        private: bool,
        #[serde(default)]
        members: Vec<String>,
    },
    AddToken {
        token: String,
        name: String,
        scopes: Vec<String>,
    },
    Deactivate {
        user: String,
    },
    SetScopes {
        token: String,
        scopes: Vec<String>,
    },
    Revoke {
        token: String,
        code: String,
    },
    AppUrl {
        url: Option<String>,
    },
    Limits {
        on: bool,
    },
    Advance {
        millis: u64,
    },
    Fault {
        #[serde(flatten)]
        rule: FaultRule,
    },
    LiftFaults,
    Release,
    Trigger {
        user: String,
        #[serde(default)]
        from_modal: bool,
    },
    ResponseUrl {
        user: String,
        room: String,
        #[serde(default)]
        source: Option<String>,
    },
    Command {
        user: String,
        room: String,
        command: String,
        #[serde(default)]
        text: String,
    },
    Press {
        user: String,
        room: String,
        ts: String,
        element: String,
        #[serde(default)]
        value: String,
    },
    ActInModal {
        user: String,
        element: String,
        #[serde(default)]
        value: String,
    },
    Submit {
        user: String,
        #[serde(default)]
        fields: Vec<(String, String)>,
    },
    CloseModal {
        user: String,
    },
    Shortcut {
        user: String,
        callback_id: String,
    },
    Say {
        user: String,
        room: String,
        text: String,
        #[serde(default)]
        thread_ts: Option<String>,
    },
    Join {
        user: String,
        room: String,
    },
    Leave {
        user: String,
        room: String,
    },
    Invite {
        user: String,
        room: String,
        other: String,
    },
    TakeOut {
        user: String,
        room: String,
        other: String,
    },
    Archive {
        user: String,
        room: String,
    },
    Unarchive {
        user: String,
        room: String,
    },
    Rename {
        user: String,
        room: String,
        name: String,
    },
    DeleteMessage {
        user: String,
        room: String,
        ts: String,
    },
    React {
        user: String,
        room: String,
        ts: String,
        name: String,
    },
    OpenHome {
        user: String,
    },
    Event {
        event: Value,
        #[serde(default)]
        times: Option<u32>,
    },
    DeliverDueEvents,
    Github {
        event: String,
        payload: Value,
        #[serde(default)]
        delivery: Option<String>,
        #[serde(default)]
        form: bool,
        #[serde(default)]
        signing: Signing,
    },
    Raw {
        path: String,
        content_type: String,
        body: String,
        #[serde(default)]
        signing: Signing,
    },
    Stop,
}

fn borrowed(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

fn response_address(
    workspace: &Workspace,
    room: &str,
    user: &str,
    source: Option<String>,
) -> String {
    let (base, now) = (workspace.base_url(), workspace.now());
    response_url::mint(&mut workspace.world(), &base, room, user, source, now)
}

fn heard(heard: &Heard) -> Value {
    json!({"heard": heard})
}

fn room_kind(private: bool) -> RoomKind {
    if private {
        RoomKind::Private
    } else {
        RoomKind::Public
    }
}

/// Orders to the workspace itself; what people do is carried out further below.
pub(crate) async fn carry_out(workspace: &Workspace, order: Order) -> Result<Value, String> {
    match order {
        Order::AddUser { name, id } => {
            return Ok(json!({"id": workspace.add_user(id.as_deref(), &name)}));
        }
        Order::AddChannel {
            name,
            id,
            private,
            members,
        } => {
            let kind = room_kind(private);
            let id = workspace.add_channel(id.as_deref(), &name, kind, &borrowed(&members));
            return Ok(json!({"id": id}));
        }
        Order::AddToken {
            token,
            name,
            scopes,
        } => {
            return Ok(json!({"user_id": workspace.add_bot(&token, &name, &borrowed(&scopes))}));
        }
        Order::Fault { rule } => return Ok(json!({"id": workspace.fault(rule)})),
        Order::Trigger { user, from_modal } => {
            return Ok(json!({"trigger_id": mint_trigger(workspace, &user, from_modal)}));
        }
        Order::ResponseUrl { user, room, source } => {
            let url = response_address(workspace, &room, &user, source);
            return Ok(json!({"response_url": url}));
        }
        Order::Event { event, times } => {
            let id = workspace.register_event(event);
            let mut all = Vec::new();
            for time in 0..times.unwrap_or(1) {
                all.push(workspace.deliver_event(&id, time, "http_timeout").await);
            }
            return Ok(json!({"event_id": id, "heard": all}));
        }
        Order::Github {
            event,
            payload,
            delivery,
            form,
            signing,
        } => {
            let encoding = if form { Encoding::Form } else { Encoding::Json };
            let answer = workspace
                .github_webhook(&event, delivery.as_deref(), &payload, encoding, signing)
                .await;
            return Ok(heard(&answer));
        }
        Order::Raw {
            path,
            content_type,
            body,
            signing,
        } => {
            let headers = vec![("content-type".to_owned(), content_type)];
            let body = body.into_bytes();
            return Ok(heard(
                &workspace.send_as_slack(&path, headers, body, signing).await,
            ));
        }
        Order::Deactivate { user } => workspace.deactivate(&user),
        Order::SetScopes { token, scopes } => workspace.set_scopes(&token, &borrowed(&scopes)),
        Order::Revoke { token, code } => workspace.revoke(&token, &code),
        Order::AppUrl { url } => workspace.set_app_url(url.as_deref()),
        Order::Limits { on: true } => workspace.set_limits(Limits::Slack),
        Order::Limits { on: false } => workspace.set_limits(Limits::Off),
        Order::Advance { millis } => workspace.advance(Duration::from_millis(millis)),
        Order::LiftFaults => workspace.lift_faults(),
        Order::Release => workspace.release(),
        Order::DeliverDueEvents => workspace.deliver_due_events().await,
        Order::Stop => workspace.stop(),
        by_person => return act(workspace, by_person).await,
    }
    Ok(json!({"ok": true}))
}

/// What a person does.
async fn act(workspace: &Workspace, order: Order) -> Result<Value, String> {
    let as_person = |user: &str| workspace.person(user);
    match order {
        Order::Command {
            user,
            room,
            command,
            text,
        } => {
            return Ok(heard(
                &as_person(&user).command(&room, &command, &text).await,
            ));
        }
        Order::Press {
            user,
            room,
            ts,
            element,
            value,
        } => {
            return Ok(heard(
                &as_person(&user)
                    .choose(&room, &ts, &element, &value)
                    .await?,
            ));
        }
        Order::ActInModal {
            user,
            element,
            value,
        } => {
            return Ok(heard(
                &as_person(&user).act_in_modal(&element, &value).await?,
            ));
        }
        Order::Submit { user, fields } => {
            let pairs: Vec<(&str, &str)> = fields
                .iter()
                .map(|(f, v)| (f.as_str(), v.as_str()))
                .collect();
            let (answer, outcome) = as_person(&user).submit(&pairs).await?;
            return Ok(json!({"heard": answer, "outcome": outcome}));
        }
        Order::CloseModal { user } => {
            return Ok(json!({"heard": as_person(&user).close_modal().await?}));
        }
        Order::Shortcut { user, callback_id } => {
            return Ok(heard(&as_person(&user).shortcut(&callback_id).await));
        }
        Order::Say {
            user,
            room,
            text,
            thread_ts,
        } => {
            let ts = as_person(&user).say_in(&room, thread_ts.as_deref(), &text)?;
            return Ok(json!({"ts": ts}));
        }
        Order::Join { user, room } => as_person(&user).join(&room)?,
        Order::Leave { user, room } => as_person(&user).leave(&room)?,
        Order::Invite { user, room, other } => as_person(&user).invite(&room, &other)?,
        Order::TakeOut { user, room, other } => as_person(&user).take_out(&room, &other)?,
        Order::Archive { user, room } => as_person(&user).archive(&room)?,
        Order::Unarchive { user, room } => as_person(&user).unarchive(&room)?,
        Order::Rename { user, room, name } => as_person(&user).rename(&room, &name)?,
        Order::DeleteMessage { user, room, ts } => as_person(&user).delete_message(&room, &ts)?,
        Order::React {
            user,
            room,
            ts,
            name,
        } => as_person(&user).react(&room, &ts, &name)?,
        Order::OpenHome { user } => as_person(&user).open_home(),
        _ => return Err("that order is not a person's".to_owned()),
    }
    Ok(json!({"ok": true}))
}
