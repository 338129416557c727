//! What follows from news of a pull request.

use super::super::area::Context;
use super::{Change, Decision, Facts, PullNews, changes, watched};

pub(super) fn seen(decision: &mut Decision, news: &PullNews, facts: &Facts, context: &Context<'_>) {
    if !watched::is_watched(context.rules, &news.repository) {
        return;
    }
    decision.change(Change::Pull(Box::new(news.clone())));
    if let Some(change) = news.merged.clone().map(changes::Event::Seen) {
        changes::decide(decision, &change, &facts.changes, context);
    }
}
