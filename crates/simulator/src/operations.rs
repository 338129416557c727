//! The operations of `/__sim/operation`. Each one calls a method of [`Workspace`] or [`Person`](super::Person).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Signing;
use super::faults::FaultRule;
use super::github::Encoding;
use super::limits::Limits;
use super::person::create_trigger;
use super::response_url;
use super::state::ChannelType;
use super::workspace::Workspace;

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Operation {
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
    Trigger {
        user: String,
        #[serde(default)]
        from_modal: bool,
    },
    ResponseUrl {
        user: String,
        channel: String,
        #[serde(default)]
        source: Option<String>,
    },
    Command {
        user: String,
        channel: String,
        command: String,
        #[serde(default)]
        text: String,
    },
    Press {
        user: String,
        channel: String,
        ts: String,
        element: String,
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
    Say {
        user: String,
        channel: String,
        text: String,
    },
    Join {
        user: String,
        channel: String,
    },
    Archive {
        user: String,
        channel: String,
    },
    DeliverDueEvents,
    Github {
        event: String,
        payload: Value,
        #[serde(default)]
        delivery: Option<String>,
        #[serde(default)]
        form: bool,
    },
}

fn borrowed(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

impl Operation {
    pub(crate) async fn run(self, workspace: &Workspace) -> Result<Value, String> {
        let done = json!({"ok": true});
        Ok(match self {
            Operation::AddUser { name, id } => {
                json!({"id": workspace.add_user(id.as_deref(), &name)})
            }
            Operation::AddChannel {
                name,
                id,
                private,
                members,
            } => {
                let kind = match private {
                    true => ChannelType::Private,
                    false => ChannelType::Public,
                };
                let members = borrowed(&members);
                json!({"id": workspace.add_channel(id.as_deref(), &name, kind, &members)})
            }
            Operation::AddToken {
                token,
                name,
                scopes,
            } => json!({"user_id": workspace.add_bot(&token, &name, &borrowed(&scopes))}),
            Operation::Deactivate { user } => {
                workspace.deactivate(&user);
                done
            }
            Operation::Revoke { token, code } => {
                workspace.revoke(&token, &code);
                done
            }
            Operation::AppUrl { url } => {
                workspace.set_app_url(url.as_deref());
                done
            }
            Operation::Limits { on } => {
                workspace.set_limits(if on { Limits::Slack } else { Limits::Off });
                done
            }
            Operation::Advance { millis } => {
                workspace.advance(Duration::from_millis(millis));
                done
            }
            Operation::Fault { rule } => json!({"id": workspace.fault(rule)}),
            Operation::LiftFaults => {
                workspace.lift_faults();
                done
            }
            Operation::Trigger { user, from_modal } => {
                json!({"trigger_id": create_trigger(workspace, &user, from_modal)})
            }
            Operation::ResponseUrl {
                user,
                channel,
                source,
            } => {
                let (base, now) = (workspace.base_url(), workspace.now());
                let mut state = workspace.state();
                json!({"response_url": response_url::create(&mut state, &base, &channel, &user, source, now)})
            }
            Operation::DeliverDueEvents => {
                workspace.deliver_due_events().await;
                done
            }
            Operation::Github {
                event,
                payload,
                delivery,
                form,
            } => {
                let encoding = if form { Encoding::Form } else { Encoding::Json };
                let (delivery, signing) = (delivery.as_deref(), Signing::Good);
                let sent = workspace.github_webhook(&event, delivery, &payload, encoding, signing);
                json!({"response": sent.await})
            }
            Operation::Command {
                user,
                channel,
                command,
                text,
            } => {
                json!({"response": workspace.person(&user).command(&channel, &command, &text).await})
            }
            Operation::Press {
                user,
                channel,
                ts,
                element,
            } => json!({"response": workspace.person(&user).press(&channel, &ts, &element).await?}),
            Operation::ActInModal {
                user,
                element,
                value,
            } => json!({"response": workspace.person(&user).act_in_modal(&element, &value).await?}),
            Operation::Submit { user, fields } => {
                let fields = fields.iter().map(|(label, value)| (&**label, &**value));
                let fields: Vec<(&str, &str)> = fields.collect();
                let (response, outcome) = workspace.person(&user).submit(&fields).await?;
                json!({"response": response, "outcome": outcome})
            }
            Operation::CloseModal { user } => {
                json!({"response": workspace.person(&user).close_modal().await?})
            }
            Operation::Say {
                user,
                channel,
                text,
            } => {
                json!({"ts": workspace.person(&user).say(&channel, &text)?})
            }
            Operation::Join { user, channel } => {
                workspace.person(&user).join(&channel)?;
                done
            }
            Operation::Archive { user, channel } => {
                workspace.person(&user).archive(&channel)?;
                done
            }
        })
    }
}
