//! The story: one incident, from the declaration to the draft of the postmortem.
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

type Step<T = ()> = Result<T, String>;

/// Plays the story. The error names the step that failed.
pub(super) async fn play(demo: &Demo, transcript: &mut Transcript) -> Step {
    let mut story = Story { demo, transcript };
    story.signatures().await?;
    let channel = story.declare().await?;
    story.work(&channel).await?;
    story.end(&channel).await?;
    story.nothing_else(&channel)
}

struct Story<'a> {
    demo: &'a Demo,
    transcript: &'a mut Transcript,
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
        self.transcript
            .until("the form on bea's screen", |now| form(now, "bea"))
            .await?;

        self.transcript
            .action("bea chooses the template api-degradation")
            .await;
        ok(&bea.act_in_modal("Template", "api-degradation").await?)?;
        self.transcript
            .until("the form filled in by the template", |now| {
                let form = form(now, "bea")?;
                let blocks = form["blocks"].as_array()?;
                let mut inputs = blocks.iter().map(|block| &block["element"]);
                let filled = |input: &serde_json::Value| {
                    let begins_with = input["initial_value"].as_str();
                    begins_with.is_some_and(|title| title.starts_with("API slow"))
                };
                inputs.any(filled).then_some(())
            })
            .await?;

        self.transcript
            .action("bea fills in: Title \"5x\", Service api; Declare")
            .await;
        let (_, outcome) = bea.submit(&[("Title", "5x"), ("Service", "api")]).await?;
        let Submitted::Errors(errors) = outcome else {
            return Err(format!("a title of two letters was taken: {outcome:?}"));
        };
        for words in errors.values().filter_map(|words| words.as_str()) {
            self.transcript
                .line(&format!("the form stays open; beside Title: {words}"));
        }

        self.transcript
            .action(&format!("bea corrects it: Title \"{TITLE}\"; Declare"))
            .await;
        let (_, outcome) = bea.submit(&[("Title", TITLE)]).await?;
        if outcome != Submitted::Closed {
            return Err(format!("the form did not close: {outcome:?}"));
        }
        let bot = slack.bot_user();
        let found = self.transcript.until(
            "the channel with its pinned card and ada and bea in it, and a message in #engineering",
            |now| {
                let channel = now
                    .channels
                    .iter()
                    .find(|channel| channel.creator == bot && channel.name.starts_with("inc-"))?;
                let inside = ["ada", "bea"].iter().all(|name| is_in(now, channel, name));
                let notified = said_in(now, "#engineering", TITLE);
                let answered = said_to(now, "#general", "bea", "be invited");
                (channel.pins.len() == 1 && inside && notified && answered)
                    .then(|| channel.id.clone())
            },
        );
        let channel = found.await?;
        self.component("partial_outage").await?;
        Ok(channel)
    }

    async fn work(&mut self, channel: &str) -> Step {
        self.transcript.chapter("Ada takes over");
        self.types("bea", channel, "assign @ada").await?;
        let shown = format!("*Commander*\n<@{}>", self.id("ada"));
        self.card(channel, &shown, "is now the").await?;

        let text = "investigating Comparing the error rate with the last deployment";
        self.types("ada", channel, text).await?;
        let shown = "*Status*\nInvestigating";
        self.card(channel, shown, "Comparing the error rate")
            .await?;

        let text = "status 12 % of all card payments fail; PayPal works";
        self.types("ada", channel, text).await?;
        self.card(channel, "*Last update*", "PayPal works").await?;

        self.transcript.chapter("Cem is not allowed to resolve it");
        let number = self.number(channel)?;
        self.types("cem", "#general", &format!("#{number} resolved"))
            .await?;
        self.shown_only_to("cem", "#general", "is the commander. Ask them")
            .await?;

        self.transcript.chapter("It gets worse");
        self.types("ada", channel, "severity P1 now all card payments fail")
            .await?;
        let dov = self.id("dov");
        let bot = self.demo.workspace.bot_user();
        self.transcript
            .until(
                "P1 on the card, a message in #incidents, and a direct message to dov",
                |now| {
                    let direct = now.direct_message(&dov, &bot)?;
                    let notified = direct.posts().any(|message| message.words.contains(TITLE));
                    let card = card(now, channel)?.words.contains("🔴 P1");
                    let line = said_in(now, channel, "raised by");
                    (notified && card && line && said_in(now, "#incidents", TITLE)).then_some(())
                },
            )
            .await?;

        self.transcript.chapter("Ada presses a button on the card");
        self.presses("ada", channel, "identified").await?;
        let shown = "*Status*\nIdentified";
        self.card(channel, shown, "*Identified* (").await
    }

    async fn end(&mut self, channel: &str) -> Step {
        self.transcript.chapter("Resolved");
        self.types(
            "ada",
            channel,
            "resolved Rolled back to 4.2.1; payments go through",
        )
        .await?;
        let dov = self.id("dov");
        let bot = self.demo.workspace.bot_user();
        self.transcript
            .until(
                "the resolution on the card and in every channel that was notified",
                |now| {
                    let resolved = |message: &MessageView| message.words.contains("Resolved:");
                    let notified = ["#engineering", "#incidents"].iter();
                    let channels = notified
                        .map(|name| now.channel(name))
                        .chain([now.direct_message(&dov, &bot)]);
                    let all = channels.into_iter().all(|channel| {
                        channel.is_some_and(|channel| channel.posts().any(resolved))
                    });
                    let card = card(now, channel)?.words.contains("Duration");
                    (all && card).then_some(())
                },
            )
            .await?;
        self.component("operational").await?;

        self.transcript.chapter("What happened?");
        self.types("bea", channel, "timeline").await?;
        self.shown_only_to("bea", channel, "Timeline of").await?;

        self.transcript.chapter("The postmortem");
        self.presses("ada", channel, "postmortem").await?;
        self.transcript
            .until(
                "the draft of the postmortem as a file in the channel",
                |now| {
                    let channel = now.channel(channel)?;
                    let mut shared = channel.posts().flat_map(|message| &message.files);
                    let draft = now.files.iter().find(|file| {
                        let content = file.content.as_deref().unwrap_or_default();
                        content.contains("# Postmortem") && content.contains("PayPal works")
                    })?;
                    shared.any(|id| *id == draft.id).then_some(())
                },
            )
            .await
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

    async fn types(&mut self, who: &str, channel: &str, text: &str) -> Step {
        let name = self.channel_name(channel);
        self.transcript
            .action(&format!("{who} types in #{name}: /incident {text}"))
            .await;
        let person = self.demo.workspace.person(who);
        ok(&person.command(channel, "/incident", text).await)
    }

    async fn presses(&mut self, who: &str, channel: &str, action: &str) -> Step {
        let now = self.demo.workspace.snapshot();
        let card = card(&now, channel).ok_or("no card is pinned")?;
        self.transcript
            .action(&format!("{who} presses {action} on the card"))
            .await;
        let person = self.demo.workspace.person(who);
        ok(&person.press(channel, &card.ts, action).await?)
    }

    /// Waits until the card contains `shown` and a message in the channel contains `notified`.
    async fn card(&mut self, channel: &str, shown: &str, notified: &str) -> Step {
        let what = format!(
            "the card showing {shown:?} and a message in the channel containing {notified:?}"
        );
        let find = |now: &Snapshot| {
            let on_it = card(now, channel)?.words.contains(shown);
            (on_it && said_in(now, channel, notified)).then_some(())
        };
        self.transcript.until(&what, find).await
    }

    /// Waits for an ephemeral message that contains `words`.
    async fn shown_only_to(&mut self, who: &str, channel: &str, words: &str) -> Step {
        let what = format!("an ephemeral message to {who} containing {words:?}");
        let find = |now: &Snapshot| said_to(now, channel, who, words).then_some(());
        self.transcript.until(&what, find).await
    }

    async fn component(&mut self, status: &str) -> Step {
        if self.demo.left_open {
            return Ok(());
        }
        let slack = self.demo.workspace.clone();
        let what = format!("the component on the Statuspage to be {status}");
        let find = |_: &Snapshot| {
            (slack.component_status(COMPONENT).as_deref() == Some(status)).then_some(())
        };
        self.transcript.until(&what, find).await
    }

    fn id(&self, name: &str) -> String {
        self.demo.workspace.person(name).id().to_owned()
    }

    fn channel_name(&self, channel: &str) -> String {
        let now = self.demo.workspace.snapshot();
        now.channel(channel)
            .map_or_else(String::new, |channel| channel.name.clone())
    }

    /// The incident's number, from its card.
    fn number(&self, channel: &str) -> Step<String> {
        let now = self.demo.workspace.snapshot();
        let card = card(&now, channel).ok_or("no card is pinned")?;
        let after = card.words.split_once('#').map_or("", |(_, after)| after);
        Ok(after.chars().take_while(char::is_ascii_digit).collect())
    }
}

/// Describes an answer.
pub(super) fn described(response: &AppResponse) -> String {
    match (&response.status, &response.error) {
        (Some(status), _) => format!("answered {status}"),
        (None, Some(trouble)) => format!("not answered ({trouble})"),
        (None, None) => "not answered".to_owned(),
    }
}

fn ok(response: &AppResponse) -> Step {
    match response.is_ok() {
        true => Ok(()),
        false => Err(format!("the request was {}, not 200", described(response))),
    }
}

fn form(now: &Snapshot, person: &str) -> Option<serde_json::Value> {
    now.user(person)?.modals.last().cloned()
}

fn is_in(now: &Snapshot, channel: &ChannelView, name: &str) -> bool {
    let person = now.user(name);
    person.is_some_and(|person| channel.members.contains(&person.id))
}

fn said_in(now: &Snapshot, channel: &str, words: &str) -> bool {
    let channel = now.channel(channel);
    channel.is_some_and(|channel| {
        let mut posts = channel.posts();
        posts.any(|message| message.ephemeral_to.is_none() && message.words.contains(words))
    })
}

fn said_to(now: &Snapshot, channel: &str, person: &str, words: &str) -> bool {
    let (Some(channel), Some(person)) = (now.channel(channel), now.user(person)) else {
        return false;
    };
    let mut posts = channel.posts();
    posts.any(|message| {
        message.ephemeral_to.as_deref() == Some(&person.id) && message.words.contains(words)
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
