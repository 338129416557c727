//! What the ring does when Slack is slow, strict, away, or loses its answers.
//!
//! Each story counts what is in the channels afterwards: once, or visibly uncertain; never twice
//! in silence, never in silence not at all.

mod every_effect;
mod every_github_effect;
mod long_lists;
mod order;
mod outages;
mod people;
mod rates;
mod scenes;

use crate::world::World;
use chrono::Duration;
use simulator::MessageView;
use wardroom::store::OutboxRow;

/// Lets a short while pass, second by second: what was uncertain is looked for and settled in it.
async fn a_while(world: &mut World) {
    world.pass_in_steps(Duration::seconds(1), 20).await;
}

/// What the bot said in a channel to all members, oldest first, as far as it holds one of these words.
fn said(world: &World, channel: &str, words: &[&str]) -> Vec<String> {
    let bot = world.slack.bot_user();
    let ours = |message: &&MessageView| message.user == bot && message.ephemeral_to.is_none();
    let channel = world.channel(channel);
    channel
        .posts()
        .filter(ours)
        .filter_map(|message| {
            let found = words.iter().find(|word| message.words.contains(**word));
            found.map(|word| (*word).to_owned())
        })
        .collect()
}

/// The outbox's rows of a kind, oldest first.
async fn rows(world: &World, kind: &str) -> Vec<OutboxRow> {
    let page = world.store.outbox_rows(None, 200, None).await;
    let mut rows = page.expect("the database answers").items;
    rows.retain(|row| row.kind == kind);
    rows.reverse();
    rows
}
