//! Reads GitHub's history for `wardroom github plan`, page by page, and waits as GitHub asks.

use super::{Stop, output};
use crate::app::couriers::history::{History, MOST_RUNS, PAGE, RESERVE, RESERVED, Repository};
use crate::courier::Outcome;
use crate::domain::ci::backtest::{Attempt, Next, is_watched};
use crate::domain::ci::{Inspection, OWN_FILE, OwnFile, Seen};
use crate::domain::effect::Answer;
use crate::domain::effect::github::{self, Effect};
use crate::domain::rules::Rules;
use crate::engine::clock::Clock;
use crate::telemetry::stderr;
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeSet, VecDeque};
use std::fmt::Display;
use std::io::{self, IsTerminal as _};

/// A pause that GitHub asks for is waited for if it is no longer, and any with `--wait`.
const LONGEST_PAUSE: std::time::Duration = std::time::Duration::from_secs(120);
/// How often a call is made that fails, and the pause between.
const TRIES: usize = 4;
const BETWEEN: std::time::Duration = std::time::Duration::from_secs(2);

/// From one second to another, both included.
type Time = (DateTime<Utc>, DateTime<Utc>);

pub(super) struct Reader {
    history: History,
    waits: bool,
    is_terminal: bool,
}

/// Why no more is read.
pub(super) enum Halt {
    /// GitHub refused this, and the rest can be read.
    Refused(String),
    /// A limit lasts until then.
    Limited {
        until: DateTime<Utc>,
        code: String,
    },
    Unreachable(String),
    /// There are more attempts than this.
    TooMany(usize),
}

impl Halt {
    pub(super) fn stop(self, meanwhile: &str) -> Stop {
        match self {
            Self::Refused(code) => Stop::No(format!("GitHub refused: {code}")),
            Self::Limited { until, code } => {
                let until = until.format("%Y-%m-%d %H:%M UTC");
                let why = limit(&code);
                Stop::No(format!(
                    "{why} until {until}. {meanwhile} Run it again then, or with --wait."
                ))
            }
            Self::Unreachable(code) => {
                Stop::Unreachable(format!("cannot reach GitHub: {code}. {meanwhile}"))
            }
            Self::TooMany(most) => Stop::No(format!(
                "there are more than {most} attempts: use --repo, a later --since, or a larger --most"
            )),
        }
    }
}

impl Reader {
    pub(super) fn new(history: History, waits: bool) -> Self {
        Self {
            history,
            waits,
            is_terminal: io::stderr().is_terminal(),
        }
    }

    /// Shows progress, on a terminal.
    pub(super) fn progress(&self, progress: impl Display) {
        if self.is_terminal {
            stderr::write(format!("{progress}\n").as_bytes());
        }
    }

    async fn retried<T>(
        &self,
        call: impl AsyncFn(DateTime<Utc>) -> Result<T, Outcome>,
    ) -> Result<T, Halt> {
        let mut failures = 0;
        loop {
            let now = Clock::System.now();
            let outcome = match call(now).await {
                Ok(answer) => return Ok(answer),
                Err(Outcome::Elsewhere { outcome, .. }) => *outcome,
                Err(outcome) => outcome,
            };
            match outcome {
                Outcome::Refused { code } => return Err(Halt::Refused(code)),
                Outcome::Unauthorized { code } => return Err(Halt::Unreachable(code)),
                Outcome::Later { after, code, .. } => {
                    let until = now + after;
                    if after > LONGEST_PAUSE && !self.waits {
                        return Err(Halt::Limited { until, code });
                    }
                    let at = until.format("%H:%M:%S UTC");
                    output::aside(format_args!("{} until {at}: waiting", limit(&code)));
                    tokio::time::sleep(after).await;
                }
                other => {
                    failures += 1;
                    if failures == TRIES {
                        let code = other.code().unwrap_or_default();
                        return Err(Halt::Unreachable(code.to_owned()));
                    }
                    tokio::time::sleep(BETWEEN).await;
                }
            }
        }
    }

    pub(super) async fn repository(&self, name: &str) -> Result<Repository, Halt> {
        let history = &self.history;
        self.retried(async |now| history.repository(name, now).await)
            .await
    }

    /// The repositories that are watched, of all accounts.
    pub(super) async fn repositories(&self, rules: &Rules) -> Result<Vec<Repository>, Halt> {
        let history = &self.history;
        let mut accounts = Vec::new();
        for page in 1.. {
            let call = async |now| history.accounts(page, now).await;
            let read = self.retried(call).await?;
            let is_last = read.len() < PAGE;
            accounts.extend(read);
            if is_last {
                break;
            }
        }
        let mut repositories = Vec::new();
        for account in &accounts {
            let Some(login) = &account.login else {
                let id = account.installation;
                output::aside(format_args!(
                    "installation {id}: it is of an enterprise, which has no repositories"
                ));
                continue;
            };
            if account.is_suspended {
                output::aside(format_args!("{login}: the App's installation is suspended"));
                continue;
            }
            for page in 1.. {
                let call = async |now| history.repositories(account, page, now).await;
                let read = self.retried(call).await?;
                let is_last = read.len() < PAGE;
                let watched = read.into_iter();
                let watched = watched.filter(|one| is_watched(rules, &one.full_name));
                repositories.extend(watched);
                if is_last {
                    break;
                }
            }
        }
        Ok(repositories)
    }

    /// The attempts of the runs that were created within a time, at most so many. GitHub gives 1,000 runs of a list,
    /// so a time with more is halved.
    pub(super) async fn attempts(
        &self,
        repository: &Repository,
        time: Time,
        most: usize,
    ) -> Result<Vec<Attempt>, Halt> {
        let history = &self.history;
        let (mut attempts, mut known) = (Vec::new(), BTreeSet::new());
        let mut times = vec![time];
        while let Some(time) = times.pop() {
            for number in 1..=MOST_RUNS / PAGE {
                let call = async |now| history.runs(repository, time, number, now).await;
                let page = self.retried(call).await?;
                if page.total > most {
                    return Err(Halt::TooMany(most));
                }
                if number == 1
                    && page.total >= MOST_RUNS
                    && let Some(halves) = halves(time)
                {
                    times.extend(halves);
                    break;
                }
                for seen in page.runs {
                    if known.insert(seen.run.id) {
                        attempts.extend(self.of_run(repository, seen).await?);
                        if attempts.len() > most {
                            return Err(Halt::TooMany(most));
                        }
                    }
                }
                if page.read < PAGE {
                    break;
                }
                let name = &repository.full_name;
                self.progress(format_args!("{name}: {} runs", known.len()));
            }
        }
        Ok(attempts)
    }

    /// The attempts of a run, of which the list names the last.
    async fn of_run(&self, repository: &Repository, last: Seen) -> Result<Vec<Attempt>, Halt> {
        let history = &self.history;
        let (run, attempts) = (last.run.id, last.run.place.attempt);
        let mut all = Vec::new();
        if last.run.is_told() {
            for number in 1..attempts {
                let call = async |now| history.attempt(repository, run, number, now).await;
                match self.retried(call).await {
                    Ok(seen) => all.extend(seen),
                    Err(Halt::Refused(_)) => {}
                    Err(halt) => return Err(halt),
                }
            }
        }
        all.push(last);
        let next: Vec<Next> = all.iter().skip(1).map(|seen| Next::of(&seen.run)).collect();
        let next = next.into_iter().map(Some).chain([None]);
        let all = all.into_iter().zip(next);
        Ok(all.map(|(seen, next)| Attempt { seen, next }).collect())
    }

    pub(super) async fn own_file(&self, repository: &str) -> Result<OwnFile, Halt> {
        let effect = Effect::ReadFile {
            repository: repository.to_owned(),
            path: OWN_FILE.to_owned(),
            branch: None,
        };
        let history = &self.history;
        let call = async |now| history.read(&effect, None, now).await;
        let read = self.retried(call).await.map(|reading| reading.answer);
        let now = Clock::System.now();
        match read {
            Ok(Answer::Github(github::Answer::File { content })) => {
                Ok(OwnFile::read(&content.unwrap_or_default(), now))
            }
            Ok(_) => Ok(OwnFile::unread("no answer".to_owned(), now)),
            Err(Halt::Refused(code)) => Ok(OwnFile::unread(code, now)),
            Err(halt) => Err(halt),
        }
    }

    /// Reads all of an attempt that is read live. Gives how many of its logs GitHub no longer has.
    pub(super) async fn inspect(
        &self,
        inspection: &mut Inspection,
        reports: &[String],
        of_record: &[String],
        before: Option<DateTime<Utc>>,
    ) -> Result<usize, Halt> {
        let history = &self.history;
        let mut reads: VecDeque<_> = inspection.pending.iter().copied().collect();
        let mut expired = 0;
        while let Some(read) = reads.pop_front() {
            let mut effect = inspection.effect(read, reports);
            if let Effect::ReadTestReports { recorded, .. } = &mut effect {
                *recorded = of_record.to_vec();
            }
            let call = async |now| history.read(&effect, before, now).await;
            match self.retried(call).await {
                Ok(reading) => {
                    expired += usize::from(reading.has_expired);
                    if let Answer::Github(answer) = &reading.answer {
                        reads.extend(inspection.takes(read, answer));
                    }
                }
                Err(Halt::Refused(code)) => inspection.lacks(read, &code),
                Err(halt) => return Err(halt),
            }
        }
        Ok(expired)
    }
}

/// What no more requests are made for, before "until".
fn limit(code: &str) -> String {
    match code {
        RESERVED => format!("{RESERVE} requests of GitHub's quota are left to the server"),
        code => format!("GitHub allows no more requests ({code})"),
    }
}

/// The newer half first; `None`: a second is not divided.
fn halves((from, to): Time) -> Option<[Time; 2]> {
    let seconds = (to - from).num_seconds();
    let middle = from + Duration::seconds(seconds / 2);
    (seconds > 0).then(|| [(middle + Duration::seconds(1), to), (from, middle)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_halved_down_to_a_second_without_a_gap() {
        let at = |second: i64| DateTime::from_timestamp(1_772_355_600 + second, 0).unwrap();
        for (to, wanted) in [
            (0, None),
            (1, Some([(1, 1), (0, 0)])),
            (2, Some([(2, 2), (0, 1)])),
            (86_400, Some([(43_201, 86_400), (0, 43_200)])),
        ] {
            let wanted = wanted.map(|halves| halves.map(|(from, to)| (at(from), at(to))));
            assert_eq!(halves((at(0), at(to))), wanted, "{to}");
        }
    }
}
