//! Weeks of runs, and what is on record of their tests.

mod comments;
mod issues;

use super::*;
use serde_json::{Value, json};
use wardroom::store::Arrival;

/// A run of `CI`, as GitHub reports it.
struct Ran {
    number: i64,
    attempt: i64,
    /// The pull request; else it is on the default branch.
    pull: Option<i64>,
    tree: String,
    bot: bool,
}

impl Ran {
    fn on_main(number: i64) -> Self {
        Self {
            number,
            attempt: 1,
            pull: None,
            tree: format!("tree-{number}"),
            bot: false,
        }
    }

    fn of_pull(number: i64, pull: i64) -> Self {
        Self {
            pull: Some(pull),
            ..Self::on_main(number)
        }
    }

    fn again(mut self) -> Self {
        self.attempt += 1;
        self
    }

    fn webhook(&self, world: &World, conclusion: &str) -> Value {
        let mut body = run(self.number, self.attempt, "completed", conclusion);
        let of = &mut body["workflow_run"];
        of["updated_at"] = json!(world.clock.now());
        of["head_commit"] = json!({"tree_id": self.tree});
        if let Some(pull) = self.pull {
            of["event"] = json!("pull_request");
            of["head_branch"] = json!(format!("branch-{pull}"));
            of["pull_requests"] = json!([{"number": pull}]);
        }
        if self.bot {
            of["actor"] = json!({"login": "renovate[bot]", "type": "Bot"});
        }
        body
    }

    async fn green(&self, world: &mut World) {
        let body = self.webhook(world, "success");
        comes(world, &body).await;
    }

    /// It failed, and a report names these tests of 100.
    async fn fails(&self, world: &mut World, tests: &[&str]) {
        let body = self.webhook(world, "failure");
        comes(world, &body).await;
        let sha = &body["workflow_run"]["head_sha"];
        let change = self.pull.map(|pull| format!("#{pull}"));
        let tests: Vec<Value> = tests
            .iter()
            .map(|id| json!({"id": id, "flaky": false, "message": "expected 1, got 2"}))
            .collect();
        let seen = json!({
            "kind": "run_observed", "repository": "acme/api", "workflow": 7, "workflow_name": "CI",
            "run": 1000 + self.number, "number": self.number, "attempt": self.attempt,
            "url": format!("https://github.com/acme/api/actions/runs/{}", 1000 + self.number),
            "at": world.clock.now(), "trigger": body["workflow_run"]["event"],
            "on_default_branch": self.pull.is_none(), "change": change.map_or(sha.clone(), Value::from),
            "by_bot": self.bot, "tree": self.tree, "sha": sha, "pull": self.pull,
            "result": {"failed": {
                "ran": 100, "failed": tests.len(), "passed": [], "tests": tests,
                "jobs": [{"signature": "0123456789abcdef0123456789abcdef", "name": "test", "class": "test_failure",
                          "evidence": "expected 1, got 2", "url": ""}],
            }},
        });
        let arrival = Arrival {
            source: "area",
            kind: "run_observed".to_owned(),
            dedup_key: uuid::Uuid::new_v4().to_string(),
            subject: format!("observed-{}-{}", self.number, self.attempt),
            headers: json!({}),
            body: seen.to_string().into(),
            traceparent: None,
            at: world.clock.now(),
        };
        world.store.append(arrival).await.expect("durable");
        world.settle().await;
    }
}

async fn standings(world: &World) -> Vec<Vec<String>> {
    let sql =
        "select subject, standing from ci_records where subject like 'test:%' order by subject";
    world.query(sql).await
}

#[tokio::test]
async fn weeks_of_runs_tell_flaky_tests_from_broken_ones_and_from_those_of_bots() {
    let mut world = World::with_config(WATCHED, &[]).await;
    let mut number = 0;
    for day in 0..12 {
        let mut next = || {
            number += 1;
            number
        };
        // A pull request whose flaky test fails on every fourth day, and passes when it is repeated.
        let pull = Ran::of_pull(next(), 100 + day);
        if day % 4 == 0 {
            pull.fails(&mut world, &["shop::flaky"]).await;
            pull.again().green(&mut world).await;
        } else {
            pull.green(&mut world).await;
        }
        // One pull request that is pushed each day: its own test fails, and passes when it is repeated.
        let stuck = Ran::of_pull(next(), 7);
        stuck.fails(&mut world, &["shop::stuck"]).await;
        stuck.again().green(&mut world).await;
        // A bot's.
        let bot = Ran {
            bot: true,
            ..Ran::of_pull(next(), 300 + day)
        };
        bot.fails(&mut world, &["shop::of_bot"]).await;
        bot.again().green(&mut world).await;
        // The default branch is broken from the fifth day on.
        let main = Ran::on_main(next());
        if day >= 5 {
            main.fails(&mut world, &["shop::broken"]).await;
            main.again().fails(&mut world, &["shop::broken"]).await;
        } else {
            main.green(&mut world).await;
        }
        world.pass(Duration::days(1)).await;
    }
    let wanted = [
        ["test:shop::broken", "broken"],
        ["test:shop::flaky", "flaky"],
        ["test:shop::stuck", "healthy"],
    ];
    let wanted: Vec<Vec<String>> = wanted.map(|row| row.map(str::to_owned).to_vec()).to_vec();
    assert_eq!(standings(&world).await, wanted);
    // One verdict for each change of a person: 12 pull requests, the stuck one, 12 commits.
    let verdicts = "select last ->> 'verdicts' from ci_records where subject = 'test:shop::broken'";
    assert_eq!(world.query(verdicts).await, [["25"]]);
    // Repaired: the default branch passes, and the record of the broken test ends with its marks.
    let wanted = [["test:shop::broken", "healthy"]];
    Ran::on_main(number + 1).green(&mut world).await;
    let standing = standings(&world).await;
    assert_eq!(standing[0], wanted[0]);
    for day in 0..20 {
        Ran::on_main(number + 2 + day).green(&mut world).await;
        world.pass(Duration::days(1)).await;
    }
    // It remembers that one test was flaky, and nothing of the others.
    assert_eq!(standings(&world).await, [["test:shop::flaky", "healthy"]]);
    world.pass(Duration::days(120)).await;
    assert_eq!(world.sql("select from ci_records").await, 0);
    world.skip_messages();
    world.finish().await;
}

#[tokio::test]
async fn a_green_run_that_is_known_before_the_failure_counts_once_it_passes_again() {
    let mut world = World::with_config(WATCHED, &[]).await;
    for pull in [1, 2] {
        // GitHub was slow to answer: the second attempt ended before the first one was read.
        let first = Ran::of_pull(pull, pull);
        first.green(&mut world).await;
        first.fails(&mut world, &["shop::flaky"]).await;
    }
    assert_eq!(standings(&world).await, [["test:shop::flaky", "healthy"]]);
    Ran::of_pull(3, 3).green(&mut world).await;
    assert_eq!(standings(&world).await, [["test:shop::flaky", "flaky"]]);
    world.skip_messages();
    world.finish().await;
}
