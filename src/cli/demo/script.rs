//! The story: one incident, from the declaration to the draft of the postmortem.
//!
//! People act by commands, forms and buttons; only the simulator's signed requests reach the
//! server. Each step waits for its result, never for time. The story begins with requests that Slack
//! did not sign, which must be refused.

use super::house::{COMPONENT, House};
use super::screen::Screen;
use serde_json::json;
use simulator::{AppResponse, ChannelView, Encoding, MessageView, Signing, Snapshot, Submitted};

/// The title of a forged request, which must appear nowhere.
const FORGED: &str = "Forged request";
const TITLE: &str = "Checkout returns 500s";

type Step<T = ()> = Result<T, String>;

/// Plays the story. The error names the step that failed.
pub(super) async fn play(house: &House, screen: &mut Screen) -> Step {
    let mut story = Story { house, screen };
    story.signatures().await?;
    let room = story.declare().await?;
    story.work(&room).await?;
    story.end(&room).await?;
    story.nothing_else(&room)
}

struct Story<'a> {
    house: &'a House,
    screen: &'a mut Screen,
}

impl Story<'_> {
    /// Requests without a valid signature are refused, signed ones are accepted.
    async fn signatures(&mut self) -> Step {
        self.screen.chapter("Signatures are checked");
        let slack = &self.house.workspace;
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
            let heard = slack.send_as_slack(&path, headers, bytes, signing).await;
            self.answered(&format!("a command {how}"), &heard, 401)?;
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
            let heard = slack.github_webhook("ping", None, &zen, Encoding::Json, signing);
            self.answered(how, &heard.await, status)?;
        }
        Ok(())
    }

    fn answered(&self, what: &str, heard: &AppResponse, wanted: u16) -> Step {
        if heard.status != Some(wanted) {
            return Err(format!("{what} was {}, not {wanted}", said(heard)));
        }
        self.screen.remark(&format!("{what}: answered {wanted}"));
        Ok(())
    }

    async fn declare(&mut self) -> Step<String> {
        self.screen.chapter("Bea declares");
        let slack = self.house.workspace.clone();
        let bea = slack.person("bea");
        self.types("bea", "#general", "declare").await?;
        self.screen
            .until("the form on bea's screen", |now| form(now, "bea"))
            .await?;

        self.screen
            .action("bea chooses the template api-degradation")
            .await;
        ok(&bea.act_in_modal("Template", "api-degradation").await?)?;
        self.screen
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

        self.screen
            .action("bea fills in: Title \"5x\", Service api; Declare")
            .await;
        let (_, outcome) = bea.submit(&[("Title", "5x"), ("Service", "api")]).await?;
        let Submitted::Errors(errors) = outcome else {
            return Err(format!("a title of two letters was taken: {outcome:?}"));
        };
        for words in errors.values().filter_map(|words| words.as_str()) {
            self.screen
                .remark(&format!("the form stays open; beside Title: {words}"));
        }

        self.screen
            .action(&format!("bea corrects it: Title \"{TITLE}\"; Declare"))
            .await;
        let (_, outcome) = bea.submit(&[("Title", TITLE)]).await?;
        if outcome != Submitted::Closed {
            return Err(format!("the form did not close: {outcome:?}"));
        }
        let bot = slack.bot_user();
        let found = self.screen.until(
            "the channel with its pinned card and ada and bea in it, and a message in #engineering",
            |now| {
                let room = now
                    .channels
                    .iter()
                    .find(|room| room.creator == bot && room.name.starts_with("inc-"))?;
                let inside = ["ada", "bea"].iter().all(|name| is_in(now, room, name));
                let told = said_in(now, "#engineering", TITLE);
                let answered = said_to(now, "#general", "bea", "be invited");
                (room.pins.len() == 1 && inside && told && answered).then(|| room.id.clone())
            },
        );
        let room = found.await?;
        self.component("partial_outage").await?;
        Ok(room)
    }

    async fn work(&mut self, room: &str) -> Step {
        self.screen.chapter("Ada takes over");
        self.types("bea", room, "assign @ada").await?;
        let shown = format!("*Commander*\n<@{}>", self.id("ada"));
        self.card(room, &shown, "is now the").await?;

        let text = "investigating Comparing the error rate with the last deployment";
        self.types("ada", room, text).await?;
        let shown = "*Status*\nInvestigating";
        self.card(room, shown, "Comparing the error rate").await?;

        let text = "status 12 % of all card payments fail; PayPal works";
        self.types("ada", room, text).await?;
        self.card(room, "*Last update*", "PayPal works").await?;

        self.screen.chapter("Cem is not allowed to resolve it");
        let number = self.number(room)?;
        self.types("cem", "#general", &format!("#{number} resolved"))
            .await?;
        self.heard("cem", "#general", "is the commander. Ask them")
            .await?;

        self.screen.chapter("It gets worse");
        self.types("ada", room, "severity P1 now all card payments fail")
            .await?;
        let dov = self.id("dov");
        let bot = self.house.workspace.bot_user();
        self.screen
            .until(
                "P1 on the card, a message in #incidents, and a direct message to dov",
                |now| {
                    let direct = now.direct_message(&dov, &bot)?;
                    let told = direct.posts().any(|message| message.words.contains(TITLE));
                    let card = card(now, room)?.words.contains("🔴 P1");
                    let line = said_in(now, room, "raised by");
                    (told && card && line && said_in(now, "#incidents", TITLE)).then_some(())
                },
            )
            .await?;

        self.screen.chapter("Ada presses a button on the card");
        self.presses("ada", room, "identified").await?;
        let shown = "*Status*\nIdentified";
        self.card(room, shown, "*Identified* (").await
    }

    async fn end(&mut self, room: &str) -> Step {
        self.screen.chapter("Resolved");
        self.types(
            "ada",
            room,
            "resolved Rolled back to 4.2.1; payments go through",
        )
        .await?;
        let dov = self.id("dov");
        let bot = self.house.workspace.bot_user();
        self.screen
            .until(
                "the resolution on the card and in every channel that was notified",
                |now| {
                    let resolved = |message: &MessageView| message.words.contains("Resolved:");
                    let told = ["#engineering", "#incidents"].iter();
                    let rooms = told
                        .map(|name| now.channel(name))
                        .chain([now.direct_message(&dov, &bot)]);
                    let all = rooms
                        .into_iter()
                        .all(|room| room.is_some_and(|room| room.posts().any(resolved)));
                    let card = card(now, room)?.words.contains("Duration");
                    (all && card).then_some(())
                },
            )
            .await?;
        self.component("operational").await?;

        self.screen.chapter("What happened?");
        self.types("bea", room, "timeline").await?;
        self.heard("bea", room, "Timeline of").await?;

        self.screen.chapter("The postmortem");
        self.presses("ada", room, "postmortem").await?;
        self.screen
            .until(
                "the draft of the postmortem as a file in the channel",
                |now| {
                    let room = now.channel(room)?;
                    let mut shared = room.posts().flat_map(|message| &message.files);
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
    fn nothing_else(&mut self, room: &str) -> Step {
        self.screen.catch_up();
        let now = self.house.workspace.snapshot();
        if now
            .all_posts()
            .any(|(_, message)| message.words.contains(FORGED))
        {
            return Err("a request without a valid signature was carried out".to_owned());
        }
        let rooms = now
            .channels
            .iter()
            .filter(|room| room.name.starts_with("inc-"));
        if rooms.count() != 1 {
            return Err("there is more than one incident channel".to_owned());
        }
        let pins = now.channel(room).map_or(0, |room| room.pins.len());
        if pins != 1 {
            return Err(format!("{pins} messages are pinned, not the card alone"));
        }
        Ok(())
    }

    async fn types(&mut self, who: &str, room: &str, text: &str) -> Step {
        let name = self.room_name(room);
        self.screen
            .action(&format!("{who} types in #{name}: /incident {text}"))
            .await;
        let person = self.house.workspace.person(who);
        ok(&person.command(room, "/incident", text).await)
    }

    async fn presses(&mut self, who: &str, room: &str, action: &str) -> Step {
        let now = self.house.workspace.snapshot();
        let card = card(&now, room).ok_or("no card is pinned")?;
        self.screen
            .action(&format!("{who} presses {action} on the card"))
            .await;
        let person = self.house.workspace.person(who);
        ok(&person.press(room, &card.ts, action).await?)
    }

    /// Waits until the card contains `shown` and a message in the channel contains `told`.
    async fn card(&mut self, room: &str, shown: &str, told: &str) -> Step {
        let what =
            format!("the card showing {shown:?} and a message in the channel containing {told:?}");
        let look = |now: &Snapshot| {
            let on_it = card(now, room)?.words.contains(shown);
            (on_it && said_in(now, room, told)).then_some(())
        };
        self.screen.until(&what, look).await
    }

    /// Waits for an ephemeral message that contains `words`.
    async fn heard(&mut self, who: &str, room: &str, words: &str) -> Step {
        let what = format!("an ephemeral message to {who} containing {words:?}");
        let look = |now: &Snapshot| said_to(now, room, who, words).then_some(());
        self.screen.until(&what, look).await
    }

    async fn component(&mut self, status: &str) -> Step {
        if self.house.left_open {
            return Ok(());
        }
        let slack = self.house.workspace.clone();
        let what = format!("the component on the Statuspage to be {status}");
        let look = |_: &Snapshot| {
            (slack.component_status(COMPONENT).as_deref() == Some(status)).then_some(())
        };
        self.screen.until(&what, look).await
    }

    fn id(&self, name: &str) -> String {
        self.house.workspace.person(name).id().to_owned()
    }

    fn room_name(&self, room: &str) -> String {
        let now = self.house.workspace.snapshot();
        now.channel(room)
            .map_or_else(String::new, |room| room.name.clone())
    }

    /// The incident's number, from its card.
    fn number(&self, room: &str) -> Step<String> {
        let now = self.house.workspace.snapshot();
        let card = card(&now, room).ok_or("no card is pinned")?;
        let after = card.words.split_once('#').map_or("", |(_, after)| after);
        Ok(after.chars().take_while(char::is_ascii_digit).collect())
    }
}

/// Describes an answer.
pub(super) fn said(heard: &AppResponse) -> String {
    match (&heard.status, &heard.error) {
        (Some(status), _) => format!("answered {status}"),
        (None, Some(trouble)) => format!("not answered ({trouble})"),
        (None, None) => "not answered".to_owned(),
    }
}

fn ok(heard: &AppResponse) -> Step {
    match heard.is_ok() {
        true => Ok(()),
        false => Err(format!("the request was {}, not 200", said(heard))),
    }
}

fn form(now: &Snapshot, person: &str) -> Option<serde_json::Value> {
    now.user(person)?.modals.last().cloned()
}

fn is_in(now: &Snapshot, room: &ChannelView, name: &str) -> bool {
    let person = now.user(name);
    person.is_some_and(|person| room.members.contains(&person.id))
}

fn said_in(now: &Snapshot, room: &str, words: &str) -> bool {
    let room = now.channel(room);
    room.is_some_and(|room| {
        let mut posts = room.posts();
        posts.any(|message| message.ephemeral_to.is_none() && message.words.contains(words))
    })
}

fn said_to(now: &Snapshot, room: &str, person: &str, words: &str) -> bool {
    let (Some(room), Some(person)) = (now.channel(room), now.user(person)) else {
        return false;
    };
    let mut posts = room.posts();
    posts.any(|message| {
        message.ephemeral_to.as_deref() == Some(&person.id) && message.words.contains(words)
    })
}

/// The pinned message of a channel.
fn card<'a>(now: &'a Snapshot, room: &str) -> Option<&'a MessageView> {
    let room = now.channel(room)?;
    let pinned = room.pins.first()?;
    room.messages.iter().find(|message| message.ts == *pinned)
}
