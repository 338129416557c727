//! The courier of Slack against a simulated workspace with rules and faults: each kind of effect is
//! delivered, and when its answer is lost, a lookup finds whether it happened.
//!
//! Everything goes over HTTP. The tests check the messages in the channels, not only the courier's answer.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod connections;
mod delivered;
mod long_lists;
mod refused;
#[path = "../support/simulated.rs"]
mod simulated;
mod statuspage;
mod uncertain;

use chrono::{DateTime, Utc};
use serde_json::json;
use simulator::{ChannelType, Fault, FaultRule, MessageView, Workspace};
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use uuid::Uuid;
use wardroom::config::Proxies;
use wardroom::courier::{Courier, Lookup, Outcome, Parcel};
use wardroom::domain::effect::slack::{self, Edit, Effect};
use wardroom::domain::effect::{Answer, Repeat};
use wardroom::domain::ids::{ChannelId, EffectId, FileId, MessageTs, SignalId, UserId, ViewId};
use wardroom::domain::text::form::Form;
use wardroom::domain::text::{Message, Part, ReplyTo, Text, Trigger};
use wardroom::http_client::HttpClient;
use wardroom::slack::client::Access;
use wardroom::slack::courier::SlackCourier;
use wardroom::telemetry::metrics::Metrics;

/// A workspace with the channel #ops, in which are the bot and Bea.
struct World {
    slack: Workspace,
    courier: SlackCourier,
    channel: ChannelId,
    bea: UserId,
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn access(slack: &Workspace) -> Access {
    let base = Url::parse(&slack.base_url()).unwrap();
    Access {
        api_url: Url::parse(&slack.api_url()).unwrap(),
        token: Some("xoxb-sim-bot-token".into()),
        response_url_hosts: vec![format!("127.0.0.1:{}", base.port().unwrap())],
    }
}

fn courier(access: Access) -> SlackCourier {
    counted_courier(access, Arc::new(Metrics::new("test", "test")))
}

fn counted_courier(access: Access, metrics: Arc<Metrics>) -> SlackCourier {
    let http = HttpClient::new(&access.api_url, &Proxies::default()).unwrap();
    SlackCourier::new(access, http, metrics)
}

async fn world() -> World {
    let slack = Workspace::start(simulated::options(Arc::new(now)))
        .await
        .unwrap();
    let courier = courier(access(&slack));
    let bea = slack.add_user(None, "bea");
    let bot = slack.bot_user();
    let channel = slack.add_channel(None, "ops", ChannelType::Public, &[&bea, &bot]);
    World {
        channel: ChannelId::new(channel).unwrap(),
        bea: UserId::new(bea).unwrap(),
        slack,
        courier,
    }
}

/// An effect on its way, and what its courier is told with it.
#[derive(Clone)]
struct Sent<E = Effect> {
    effect: E,
    parcel: Parcel,
}

fn parcel<E>(effect: E) -> Sent<E> {
    let parcel = Parcel {
        id: EffectId::of(SignalId(Uuid::nil()), 1, "test"),
        first_attempt_at: now(),
        mark: None,
        after_uncertain: false,
        looked_to: None,
        delayed_from: None,
        now: now(),
        deadline: Duration::from_millis(400),
    };
    Sent { effect, parcel }
}

fn again(first: &Sent) -> Sent {
    let mut again = first.clone();
    again.parcel.after_uncertain = true;
    again
}

/// A courier with what is on its way.
trait Carries: Courier {
    async fn sends(&self, sent: &Sent<Self::Effect>) -> Outcome {
        self.deliver(&sent.effect, &sent.parcel).await
    }

    async fn finds(&self, sent: &Sent<Self::Effect>) -> Lookup {
        self.reconcile(&sent.effect, &sent.parcel).await
    }
}

impl<C: Courier> Carries for C {}

impl World {
    async fn deliver(&self, effect: Effect) -> Outcome {
        self.courier.sends(&parcel(effect)).await
    }

    fn posts(&self, channel: &ChannelId) -> Vec<MessageView> {
        let snapshot = self.slack.snapshot();
        let channel = snapshot
            .channel(channel.as_str())
            .expect("the channel exists");
        channel
            .messages
            .iter()
            .filter(|message| message.subtype.is_none())
            .cloned()
            .collect()
    }

    fn post(&self, message: Message) -> Effect {
        Effect::PostMessage {
            channel: self.channel.clone(),
            message,
        }
    }

    fn to_bea(&self, channel: Option<&ChannelId>, url: Option<String>) -> ReplyTo {
        ReplyTo {
            person: self.bea.clone(),
            channel: channel.cloned(),
            response_url: url,
            asked_at: now(),
        }
    }
}

/// Sends it again, and looks it up when the courier asks for that. What it found or was refused.
async fn sent_or_found(world: &World, sent: &Sent) -> Result<Answer, String> {
    let mut sent = again(sent);
    match world.courier.sends(&sent).await {
        Outcome::Done(answer) => return Ok(answer),
        Outcome::Partly { looked_to, .. } => sent.parcel.looked_to = looked_to,
        other => panic!("{other:?}"),
    }
    match world.courier.finds(&sent).await {
        Lookup::Found(answer) => Ok(answer),
        Lookup::Refused { code } => Err(code),
        other => panic!("{other:?}"),
    }
}

fn message() -> Message {
    let text = Text::plain("a < b & <!channel> 🔥 ").bold("*bold*");
    Message::section("Checkout is down & out", text)
}

/// More than one message of Slack holds.
fn long() -> Message {
    let mut message = Message::line("A long story");
    for at in 0..70 {
        let words = format!("Paragraph {at}: {}", "word ".repeat(60));
        message = message.with(Part::Section(Text::plain(words)));
    }
    message
}

fn create(name: &str) -> Effect {
    Effect::CreateChannel {
        name: name.into(),
        team: None,
        private: false,
        taken: Vec::new(),
    }
}

fn done(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Done(answer) => answer,
        other => panic!("not done: {other:?}"),
    }
}

/// A message was posted.
fn posted(answer: Answer) -> (ChannelId, MessageTs) {
    match answer {
        Answer::Slack(slack::Answer::Message { channel, ts }) => (channel, ts),
        other => panic!("no message: {other:?}"),
    }
}

/// A channel was created: its id and its name.
fn created(answer: Answer) -> (ChannelId, String) {
    match answer {
        Answer::Slack(slack::Answer::Channel { id, name }) => (id, name),
        other => panic!("no channel: {other:?}"),
    }
}

/// A file was uploaded.
fn uploaded(answer: Answer) -> FileId {
    match answer {
        Answer::Slack(slack::Answer::File { id }) => id,
        other => panic!("no file: {other:?}"),
    }
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused { code: code.into() }
}

/// Whether it was not found, or not whole.
fn is_sent_again(lookup: &Lookup) -> bool {
    matches!(lookup, Lookup::Absent | Lookup::Partly { .. })
}

/// Whether it may have happened.
fn uncertain(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Uncertain { .. } | Outcome::ServerError { .. }
    )
}

fn form() -> Form {
    Form {
        name: "declare".into(),
        title: "Declare an incident".into(),
        submit: "Declare".into(),
        inputs: vec![wardroom::domain::text::form::Input {
            key: "title".into(),
            label: "Title".into(),
            hint: None,
            optional: false,
            kind: wardroom::domain::text::form::InputKind::Text {
                initial: None,
                max: 100,
            },
        }],
        context: [("channel".to_owned(), "C1".to_owned())].into(),
        revision: 1,
    }
}

fn trigger(id: &str) -> Trigger {
    Trigger {
        id: id.into(),
        expires: now() + chrono::Duration::seconds(3),
    }
}

fn share(world: &World, file: FileId) -> Effect {
    Effect::ShareFile {
        channel: world.channel.clone(),
        file,
        title: "Postmortem".into(),
        comment: "The draft".into(),
    }
}

/// What a person's command brings along: its trigger and its `response_url`.
fn command(world: &World) -> (String, String) {
    let person = world.slack.person(world.bea.as_str());
    let (_, body, _) = person.command_form("ops", "/incident", "list").unwrap();
    let field = |name: &str| {
        let mut fields = form_urlencoded::parse(body.as_bytes());
        let found = fields.find(|(key, _)| key == name);
        found.unwrap().1.into_owned()
    };
    (field("trigger_id"), field("response_url"))
}

/// Opens a form for Bea.
async fn open_form(world: &World) -> ViewId {
    let (id, _) = command(world);
    let open = Effect::OpenForm {
        trigger: trigger(&id),
        form: form(),
    };
    done(world.deliver(open).await);
    let snapshot = world.slack.snapshot();
    let modal = &snapshot.user(world.bea.as_str()).unwrap().modals[0];
    ViewId::new(modal["id"].as_str().unwrap()).unwrap()
}
