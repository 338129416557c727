//! The story: an incident, from the declaration to the draft of the postmortem. What happens on GitHub
//! follows in `github`.
//!
//! People act by commands, forms and buttons; only the simulator's signed requests reach the
//! server. Each step waits for its result, never for time. The story begins with requests that Slack
//! did not sign, which must be refused.

use super::setup::{COMPONENT, Demo};
use super::transcript::Transcript;
use serde_json::json;
use simulator::{AppResponse, ChannelView, Encoding, MessageView, Signing, Snapshot, Submitted};

/// The title of a forged request, which must appear nowhere.
const FORGED: &str = "Forged request";
const TITLE: &str = "Checkout returns 500s";

pub(super) type Step<T = ()> = Result<T, String>;

/// Plays the story. The error names the step that failed.
pub(super) async fn play(demo: &Demo, transcript: &mut Transcript) -> Step {
    let mut story = Story { demo, transcript };
    story.signatures().await?;
    let channel = story.declare().await?;
    story.work(&channel).await?;
    story.end(&channel).await?;
    story.nothing_else(&channel)?;
    story.heal().await?;
    story.deploy().await
}

/// What a step waits for.
#[derive(Debug)]
pub(super) enum See<'a> {
    /// A form on a person's screen, with a text in its JSON.
    Form(&'a str, &'a str),
    /// A text on the pinned card.
    Card(&'a str),
    /// A text in a channel.
    Message(&'a str, &'a str),
    /// A person, a channel, and a text that only the person sees there.
    Ephemeral(&'a str, &'a str, &'a str),
    /// A person, and a text in a direct message to them.
    Direct(&'a str, &'a str),
    /// A text in a file that is shared in the channel.
    File(&'a str),
    /// The state of the component on the Statuspage.
    Component(&'a str),
}

pub(super) struct Story<'a> {
    pub(super) demo: &'a Demo,
    pub(super) transcript: &'a mut Transcript,
}

impl Story<'_> {
    /// Requests without a valid signature are refused, signed ones are accepted.
    async fn signatures(&mut self) -> Step {
        self.transcript.chapter("Signatures are checked");
        let slack = &self.demo.workspace;
        let text = format!("declare P1 api {FORGED}");
        let (path, body, _) = slack
            .person("bea")
            .command_form("#general", "/incident", &text)?;
        for (signing, how) in [
            (Signing::WrongSecret, "signed with another secret"),
            (Signing::Missing, "without a signature"),
            (Signing::Stale, "signed ten minutes ago"),
        ] {
            let kind = "application/x-www-form-urlencoded".to_owned();
            let headers = vec![("content-type".to_owned(), kind)];
            let bytes = body.clone().into_bytes();
            let response = slack.send_as_slack(&path, headers, bytes, signing).await;
            self.answered(&format!("a command {how}"), &response, 401)?;
        }
        let zen = json!({"zen": "Keep it logically awesome."});
        for (signing, how, status) in [
            (
                Signing::WrongSecret,
                "a webhook signed with another secret",
                401,
            ),
            (Signing::Good, "GitHub's own ping", 200),
        ] {
            let response = slack.github_webhook("ping", None, &zen, Encoding::Json, signing);
            self.answered(how, &response.await, status)?;
        }
        Ok(())
    }

    fn answered(&self, what: &str, response: &AppResponse, wanted: u16) -> Step {
        if response.status != Some(wanted) {
            return Err(format!("{what} was {}, not {wanted}", described(response)));
        }
        self.transcript.line(&format!("{what}: answered {wanted}"));
        Ok(())
    }

    async fn declare(&mut self) -> Step<String> {
        self.transcript.chapter("Bea declares");
        let slack = self.demo.workspace.clone();
        let bea = slack.person("bea");
        self.types("bea", "#general", "declare").await?;
        self.sees("#general", &[See::Form("bea", "")]).await?;

        self.acts("bea chooses the template api-degradation").await;
        ok(&bea.act_in_modal("Template", "api-degradation").await?)?;
        let filled = See::Form("bea", r#""initial_value":"API slow"#);
        self.sees("#general", &[filled]).await?;

        self.acts("bea fills in: Title \"5x\", Service api; Declare")
            .await;
        let (_, outcome) = bea.submit(&[("Title", "5x"), ("Service", "api")]).await?;
        let Submitted::Errors(errors) = outcome else {
            return Err(format!("a title of two letters was taken: {outcome:?}"));
        };
        for words in errors.values().filter_map(|words| words.as_str()) {
            let line = format!("the form stays open; beside Title: {words}");
            self.transcript.line(&line);
        }

        let corrects = format!("bea corrects it: Title \"{TITLE}\"; Declare");
        self.acts(&corrects).await;
        let (_, outcome) = bea.submit(&[("Title", TITLE)]).await?;
        if outcome != Submitted::Closed {
            return Err(format!("the form did not close: {outcome:?}"));
        }
        let bot = slack.bot_user();
        let what = "the channel with its pinned card and ada and bea in it";
        let channel = self.transcript.until(what, |now| {
            let mut channels = now.channels.iter();
            let channel =
                channels.find(|one| one.creator == bot && one.name.starts_with("inc-"))?;
            let mut people = ["ada", "bea"].iter().filter_map(|name| now.user(name));
            let inside = people.all(|person| channel.members.contains(&person.id));
            (channel.pins.len() == 1 && inside).then(|| channel.id.clone())
        });
        let channel = channel.await?;
        let seen = [
            See::Message("#engineering", TITLE),
            See::Ephemeral("bea", "#general", "be invited"),
            See::Component("partial_outage"),
        ];
        self.sees(&channel, &seen).await?;
        Ok(channel)
    }

    async fn work(&mut self, at: &str) -> Step {
        self.transcript.chapter("Ada takes over");
        self.types("bea", at, "assign @ada").await?;
        let shown = format!("*Commander*\n<@{}>", self.demo.workspace.person("ada").id());
        let seen = [See::Card(&shown), See::Message(at, "is now the")];
        self.sees(at, &seen).await?;

        let text = "investigating Comparing the error rate with the last deployment";
        self.types("ada", at, text).await?;
        let told = See::Message(at, "Comparing the error rate");
        let seen = [See::Card("*Status*\nInvestigating"), told];
        self.sees(at, &seen).await?;

        let text = "status 12 % of all card payments fail; PayPal works";
        self.types("ada", at, text).await?;
        let told = See::Message(at, "PayPal works");
        self.sees(at, &[See::Card("*Last update*"), told]).await?;

        self.transcript.chapter("Cem is not allowed to resolve it");
        let text = format!("#{} resolved", self.number(at)?);
        self.types("cem", "#general", &text).await?;
        let refused = See::Ephemeral("cem", "#general", "is the commander. Ask them");
        self.sees(at, &[refused]).await?;

        self.transcript.chapter("It gets worse");
        let text = "severity P1 now all card payments fail";
        self.types("ada", at, text).await?;
        let seen = [
            See::Card("🔴 P1"),
            See::Message(at, "raised by"),
            See::Message("#incidents", TITLE),
            See::Direct("dov", TITLE),
        ];
        self.sees(at, &seen).await?;

        self.transcript.chapter("Ada presses a button on the card");
        self.presses("ada", at, "identified").await?;
        let told = See::Message(at, "*Identified* (");
        let seen = [See::Card("*Status*\nIdentified"), told];
        self.sees(at, &seen).await
    }

    async fn end(&mut self, at: &str) -> Step {
        self.transcript.chapter("Resolved");
        let text = "resolved Rolled back to 4.2.1; payments go through";
        self.types("ada", at, text).await?;
        let seen = [
            See::Card("Duration"),
            See::Message("#engineering", "Resolved:"),
            See::Message("#incidents", "Resolved:"),
            See::Direct("dov", "Resolved:"),
            See::Component("operational"),
        ];
        self.sees(at, &seen).await?;

        self.transcript.chapter("What happened?");
        self.types("bea", at, "timeline").await?;
        let timeline = See::Ephemeral("bea", at, "Timeline of");
        self.sees(at, &[timeline]).await?;

        self.transcript.chapter("The postmortem");
        self.presses("ada", at, "postmortem").await?;
        let draft = [See::File("# Postmortem"), See::File("PayPal works")];
        self.sees(at, &draft).await
    }

    /// The forged requests had no effect, and exactly one message is pinned.
    fn nothing_else(&mut self, channel: &str) -> Step {
        self.transcript.catch_up();
        let now = self.demo.workspace.snapshot();
        if now
            .all_posts()
            .any(|(_, message)| message.words.contains(FORGED))
        {
            return Err("a request without a valid signature was carried out".to_owned());
        }
        let channels = now
            .channels
            .iter()
            .filter(|channel| channel.name.starts_with("inc-"));
        if channels.count() != 1 {
            return Err("there is more than one incident channel".to_owned());
        }
        let pins = now.channel(channel).map_or(0, |channel| channel.pins.len());
        if pins != 1 {
            return Err(format!("{pins} messages are pinned, not the card alone"));
        }
        Ok(())
    }

    pub(super) async fn acts(&mut self, text: &str) {
        self.transcript.action(text).await;
    }

    pub(super) async fn types(&mut self, who: &str, at: &str, text: &str) -> Step {
        let now = self.demo.workspace.snapshot();
        let name = now.channel(at).map_or("", |channel| &channel.name);
        let action = format!("{who} types in #{name}: /incident {text}");
        self.acts(&action).await;
        let person = self.demo.workspace.person(who);
        ok(&person.command(at, "/incident", text).await)
    }

    async fn presses(&mut self, who: &str, at: &str, action: &str) -> Step {
        let now = self.demo.workspace.snapshot();
        let card = card(&now, at).ok_or("no card is pinned")?;
        self.acts(&format!("{who} presses {action} on the card"))
            .await;
        let person = self.demo.workspace.person(who);
        ok(&person.press(at, &card.ts, action).await?)
    }

    /// Waits until all of it is seen; `at` is the incident's channel.
    pub(super) async fn sees(&mut self, at: &str, wanted: &[See<'_>]) -> Step {
        let demo = self.demo;
        let bot = demo.workspace.bot_user();
        let seen = |now: &Snapshot, one: &See<'_>| match *one {
            See::Form(who, text) => now
                .user(who)
                .and_then(|user| user.modals.last())
                .is_some_and(|form| form.to_string().contains(text)),
            See::Card(text) => card(now, at).is_some_and(|card| card.words.contains(text)),
            See::Message(channel, text) => said(now.channel(channel), None, text),
            See::Ephemeral(who, channel, text) => {
                let only = now.user(who).map(|user| user.id.as_str());
                said(now.channel(channel), only, text)
            }
            See::Direct(who, text) => {
                let user = now.user(who);
                let channel = user.and_then(|user| now.direct_message(&user.id, &bot));
                said(channel, None, text)
            }
            See::File(text) => now.files.iter().any(|file| {
                let content = file.content.as_deref().unwrap_or_default();
                content.contains(text) && file.shared_in.iter().any(|channel| channel == at)
            }),
            See::Component(status) => {
                let shown = demo.workspace.component_status(COMPONENT);
                demo.left_open || shown.as_deref() == Some(status)
            }
        };
        let what = format!("{wanted:?}");
        let all = |now: &Snapshot| wanted.iter().all(|one| seen(now, one)).then_some(());
        self.transcript.until(&what, all).await
    }

    /// The incident's number, from its card.
    fn number(&self, channel: &str) -> Step<String> {
        let now = self.demo.workspace.snapshot();
        let card = card(&now, channel).ok_or("no card is pinned")?;
        let after = card.words.split_once('#').map_or("", |(_, after)| after);
        Ok(after.chars().take_while(char::is_ascii_digit).collect())
    }
}

pub(super) fn described(response: &AppResponse) -> String {
    match (&response.status, &response.error) {
        (Some(status), _) => format!("answered {status}"),
        (None, Some(trouble)) => format!("not answered ({trouble})"),
        (None, None) => "not answered".to_owned(),
    }
}

pub(super) fn ok(response: &AppResponse) -> Step {
    match response.is_ok() {
        true => Ok(()),
        false => Err(format!("the request was {}, not 200", described(response))),
    }
}

/// Whether a message contains a text: one for all, or one that `only` a person sees.
fn said(channel: Option<&ChannelView>, only: Option<&str>, text: &str) -> bool {
    channel.is_some_and(|channel| {
        let mut posts = channel.posts();
        posts.any(|post| post.ephemeral_to.as_deref() == only && post.words.contains(text))
    })
}

/// The pinned message of a channel.
fn card<'a>(now: &'a Snapshot, channel: &str) -> Option<&'a MessageView> {
    let channel = now.channel(channel)?;
    let pinned = channel.pins.first()?;
    channel
        .messages
        .iter()
        .find(|message| message.ts == *pinned)
}
