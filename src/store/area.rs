//! What an area has of the store: its facts are loaded, its changes saved, its effects completed.

use super::database::Database;
use super::error::StoreError;
use super::session::Session;
use crate::domain::area::Area;
use crate::domain::areas::{AreaName, Origin};
use crate::domain::ci::Ci;
use crate::domain::decision::Decision;
use crate::domain::effect::Effect;
use crate::domain::effect::slack::{self, Edit};
use crate::domain::healing::HeldBack;
use crate::domain::ids::SignalId;
use crate::domain::incident::Incidents;
use crate::domain::rules::Rules;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use std::future::Future;
use strum::IntoEnumIterator;

/// The statement that deletes `at_once` rows of a table whose time is before `before`, the oldest first.
macro_rules! delete_oldest {
    ($table:literal, $key:literal, $time:literal, $condition:literal, $before:expr, $at_once:expr) => {
        sqlx::query!(
            "delete from "
                + $table
                + " where "
                + $key
                + " = any(array(select "
                + $key
                + " from "
                + $table
                + " where "
                + $time
                + " < $1 and "
                + $condition
                + " order by "
                + $time
                + " limit $2 for update skip locked))",
            $before,
            $at_once,
        )
    };
}
pub(in crate::store) use delete_oldest;

/// An area whose rows are kept here.
pub trait Persist: Area {
    /// Loads and locks what a decision needs: every aggregate that is asked for, in the order of their
    /// ids, so that two decisions never wait for each other.
    fn load(
        session: &mut Session,
        needs: &Self::Needs,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Self::Facts, StoreError>> + Send;

    /// For which of these nothing has to be known, because they ask for nothing, or only for what belongs
    /// to an aggregate that does not exist. Locks nothing.
    fn blank(
        session: &mut Session,
        needs: &[Self::Needs],
    ) -> impl Future<Output = Result<Vec<bool>, StoreError>> + Send;

    /// What decisions lock that may share a transaction with others, by name: they are made in the order
    /// of these names, so that two transactions never wait for each other. `None`: a decision of its own.
    fn lock(_needs: &Self::Needs) -> Option<String> {
        None
    }

    /// Saves the changes of a signal's decision, in order.
    fn save(
        session: &mut Session,
        signal: SignalId,
        changes: &[Self::Change],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Statements that delete rows which the area keeps no longer, each at most `at_once` of them.
    fn forget(now: DateTime<Utc>, at_once: i64) -> Vec<Statement>;

    /// Why the effect is not to be sent: a repository or a pull request forbids it. What may have been sent
    /// already is looked up all the same.
    fn held_back(
        _database: &Database,
        _purpose: &Self::Purpose,
        _effect: &Effect,
    ) -> impl Future<Output = Result<Option<HeldBack>, StoreError>> + Send {
        async { Ok(None) }
    }

    /// The effect as it is to be delivered now; `None`: it only shows state, and there is none. `again`:
    /// an earlier attempt of it may have happened.
    fn complete(
        database: &Database,
        purpose: &Self::Purpose,
        effect: Effect,
        again: bool,
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Option<Effect>, StoreError>> + Send;
}

/// A statement with its values.
pub type Statement = sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// What all areas keep no longer; see [`Persist::forget`].
pub(super) fn forget(now: DateTime<Utc>, at_once: i64) -> Vec<Statement> {
    let all = AreaName::iter().map(|area| match area {
        AreaName::Incident => Incidents::forget(now, at_once),
        AreaName::Ci => Ci::forget(now, at_once),
    });
    all.flatten().collect()
}

/// An effect that edits a message, with what the message shows now.
pub(super) fn with_edit(effect: Effect, edit: Edit) -> Effect {
    match effect {
        Effect::Slack(slack::Effect::UpdateMessage { shows, .. }) => {
            let edit = Some(Box::new(edit));
            slack::Effect::UpdateMessage { shows, edit }.into()
        }
        other => other,
    }
}

/// A decision of any area, ready to be saved.
pub struct Ready {
    /// What the ring saves.
    pub decision: Decision<(), Origin>,
    changes: Box<dyn Changes>,
}

impl Ready {
    /// A decision of an area.
    pub fn of<A: Persist + 'static>(decision: Decision<A::Change, A::Purpose>) -> Self
    where
        Origin: From<A::Purpose>,
        A::Change: Send + Sync,
    {
        let (changes, decision) = decision.split();
        Self {
            decision,
            changes: Box::new(ChangesOf::<A>(changes)),
        }
    }

    /// A decision that changes no area's rows.
    pub fn plain(decision: Decision<(), Origin>) -> Self {
        Self {
            decision,
            changes: Box::new(Nothing),
        }
    }

    pub(super) async fn save_changes(&self, session: &mut Session) -> Result<(), StoreError> {
        self.changes.save(session, self.decision.signal()).await
    }

    /// The decision without the changes, which are taken for saved.
    pub(super) fn changed(self) -> Self {
        Self::plain(self.decision)
    }
}

/// Changes whose area is not in their type any more.
trait Changes: Send + Sync {
    fn save<'a>(
        &'a self,
        session: &'a mut Session,
        signal: SignalId,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}

struct ChangesOf<A: Area>(Vec<A::Change>);

impl<A: Persist> Changes for ChangesOf<A>
where
    A::Change: Send + Sync,
{
    fn save<'a>(
        &'a self,
        session: &'a mut Session,
        signal: SignalId,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(A::save(session, signal, &self.0))
    }
}

struct Nothing;

impl Changes for Nothing {
    fn save<'a>(
        &'a self,
        _session: &'a mut Session,
        _signal: SignalId,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

impl Database {
    /// Why the effect is not to be sent: see [`Persist::held_back`].
    pub async fn held_back(
        &self,
        origin: &Origin,
        effect: &Effect,
    ) -> Result<Option<HeldBack>, StoreError> {
        match origin {
            Origin::Incident(purpose) => Incidents::held_back(self, purpose, effect).await,
            Origin::Ci(purpose) => Ci::held_back(self, purpose, effect).await,
        }
    }

    /// The effect as it is to be delivered now: see [`Persist::complete`].
    pub async fn complete(
        &self,
        origin: &Origin,
        effect: Effect,
        again: bool,
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<Option<Effect>, StoreError> {
        match origin {
            Origin::Incident(purpose) => {
                Incidents::complete(self, purpose, effect, again, rules, now).await
            }
            Origin::Ci(purpose) => Ci::complete(self, purpose, effect, again, rules, now).await,
        }
    }
}
