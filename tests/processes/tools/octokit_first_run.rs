//! docs/github.md, followed step by step, with octokit at GitHub's end.
//!
//! The App has exactly the permissions and the events of the document's tables, and the process the document's
//! variables and configuration. Two things differ, to be quick: the first re-run follows after a second, and GitHub
//! is the simulator.

use super::clients;
use crate::harness::wardroom::{Wardroom, run};
use crate::harness::{CONFIG, Deployment, GITHUB_SECRET, until};
use ::simulator::{
    APP_KEY, AttemptPlan, ChannelType, GitHub, JobPlan, Level, MessageView, PullFrom, RunPlan,
};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PATIENCE: Duration = Duration::from_secs(20);
const NETWORK: &str = "fatal: unable to access 'https://github.com/acme/tools/': Connection timed out\n##[error]Process completed with exit code 128.";
const COMPILE: &str = "error[E0308]: mismatched types\n  --> src/lib.rs:3:5\nerror: could not compile `api` (lib) due to 1 previous error";

/// What the document says to set.
struct Document {
    text: String,
}

impl Document {
    fn read() -> Self {
        let text = std::fs::read_to_string(Path::new(ROOT).join("docs/github.md")).unwrap();
        Self { text }
    }

    fn between(&self, begin: &str, end: &str) -> &str {
        let (_, rest) = self.text.split_once(begin).expect(begin);
        rest.split_once(end).expect(end).0
    }

    /// The cells of a table whose first cell is code.
    fn rows(&self, begin: &str, end: &str) -> Vec<Vec<&str>> {
        let lines = self.between(begin, end).lines();
        let rows = lines.filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
        rows.map(|row| {
            row.split(" | ")
                .map(|cell| cell.trim_end_matches('`'))
                .collect()
        })
        .collect()
    }

    /// Each permission, its level, and what it is for.
    fn permissions(&self) -> Vec<(&str, Level, &str)> {
        let rows = self.rows("**Repository permissions.**", "**Events.**");
        rows.into_iter()
            .map(|row| match row[..] {
                [name, "read", what] => (name, Level::Read, what),
                [name, "read and write", what] => (name, Level::Write, what),
                _ => panic!("{row:?}"),
            })
            .collect()
    }

    fn events(&self) -> Vec<&str> {
        let mut events: Vec<&str> = self
            .rows("**Events.**", "Then note")
            .iter()
            .map(|row| row[0])
            .collect();
        events.sort_unstable();
        events
    }

    /// The path of the webhook's URL.
    fn path(&self) -> &str {
        self.between("| Webhook URL | `https://<your host>", "` |")
    }

    /// The arguments of a command that it names.
    fn command<'a>(&'a self, begin: &'a str) -> Vec<&'a str> {
        let (_, rest) = self.text.split_once(&format!("`wardroom {begin}")).unwrap();
        let rest = rest.split_once('`').unwrap().0;
        begin.split(' ').chain(rest.split_whitespace()).collect()
    }

    fn variables(&self) -> Vec<&str> {
        let lines = self.between("```sh\n", "```").lines();
        lines.map(|line| line.split_once('=').unwrap().0).collect()
    }

    fn config(&self) -> &str {
        self.between("```yaml\n", "```")
    }

    fn channel(&self) -> &str {
        self.between("  channel: ", " ")
    }
}

/// GitHub and Slack as the document finds them: only the App is created.
async fn prepared(document: &Document) -> Deployment {
    let mut deployment = Deployment::new().await;
    let people = ["U0ADA", "U0BEA"];
    let channel = Some(document.channel());
    deployment
        .slack
        .add_channel(channel, "ci", ChannelType::Public, &people);
    deployment.slack.app().github_path = document.path().to_owned();
    let github = deployment.slack.github();
    github.configure_app(|app| {
        let named = |(name, level, _): (&str, Level, &str)| (name.to_owned(), level);
        app.permissions = document.permissions().into_iter().map(named).collect();
        let metadata = ("metadata".to_owned(), Level::Read);
        app.permissions.extend([metadata]);
        app.events = document.events().into_iter().map(str::to_owned).collect();
    });
    deployment.env.remove("GITHUB_WEBHOOK_SECRET");
    for name in document.variables() {
        let value = match name {
            "GITHUB_APP_ID" => github.app_id().to_string(),
            "GITHUB_APP_PRIVATE_KEY_FILE" => deployment.folder.write("github.pem", APP_KEY),
            "GITHUB_WEBHOOK_SECRET" => GITHUB_SECRET.to_owned(),
            other => panic!("the document sets {other}"),
        };
        deployment.env.insert(name.to_owned(), value);
    }
    let url = github.api_url();
    deployment.env.insert("GITHUB_API_URL".to_owned(), url);
    configure(&deployment, document.config());
    deployment
}

fn configure(deployment: &Deployment, github: &str) {
    let text = format!("{CONFIG}{github}");
    deployment.folder.write("wardroom.yaml", &text);
}

/// What octokit sees.
async fn sees(deployment: &Deployment, step: &str, given: Value) {
    let modules = tokio::task::spawn_blocking(clients::octokit).await.unwrap();
    let rules = Path::new(ROOT).join("crates/simulator/tests/official_client/octokit");
    let ran = tokio::process::Command::new("node")
        .arg(Path::new(ROOT).join("tests/processes/tools/octokit_first_run.mjs"))
        .args([&deployment.slack.base_url(), step, &given.to_string()])
        .env("MODULES", modules)
        .env("RULES", rules)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let words = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{step}: {words}");
}

/// What a command says, which ends well.
async fn says(deployment: &Deployment, args: &[&str]) -> String {
    let ended = run(&deployment.env, args).await;
    assert_eq!(ended.code, Some(0), "{args:?}: {ended:?}");
    ended.stdout
}

/// The bot's messages that have all of these words.
fn messages(deployment: &Deployment, words: &[&str]) -> Vec<MessageView> {
    let bot = deployment.slack.bot_user();
    let snapshot = deployment.slack.snapshot();
    let ours = snapshot.all_posts().filter(|(_, post)| post.user == bot);
    ours.map(|(_, post)| post.clone())
        .filter(|post| words.iter().all(|word| post.words.contains(word)))
        .collect()
}

async fn told(deployment: &Deployment, words: &[&str]) -> MessageView {
    let _shown = Shown(deployment);
    until(PATIENCE, &format!("{words:?}"), || async {
        !messages(deployment, words).is_empty()
    })
    .await;
    messages(deployment, words).remove(0)
}

/// Shows what was told instead.
struct Shown<'a>(&'a Deployment);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for message in messages(self.0, &[]) {
                eprintln!("---\n{}", message.words);
            }
        }
    }
}

fn flaky() -> RunPlan {
    let passes = AttemptPlan::new(vec![JobPlan::passed("build")]);
    RunPlan::new("CI", vec![JobPlan::failed("build", NETWORK)]).then(passes)
}

/// Steps 2 to 4: configured, installed, checked.
async fn installed(deployment: &Deployment, document: &Document) -> (Wardroom, u64) {
    says(deployment, &document.command("validate")).await;
    let child = deployment.start().await;
    child.says(0, "github is on").await;
    let github = deployment.slack.github();
    let installation = github.install("acme");
    github.ping().await;
    let word = |level: Level| {
        if level == Level::Read {
            "read"
        } else {
            "write"
        }
    };
    let rows = document.permissions();
    let mut permissions: BTreeMap<&str, &str> = rows
        .iter()
        .map(|(name, level, _)| (*name, word(*level)))
        .collect();
    permissions.insert("metadata", "read");
    let app = json!({"app_id": github.app_id().to_string(), "permissions": permissions,
                     "events": document.events()});
    sees(deployment, "installed", app).await;
    says(deployment, &document.command("github redeliver")).await;
    (child, installation)
}

/// Step 5: a dry run of the first failure, and then a re-run.
async fn healed(deployment: &Deployment, child: &Wardroom, installation: u64) {
    let github = deployment.slack.github();
    github.add_repository("acme/web");
    github.run("acme/web", flaky());
    let would = "Dry run: would have re-run the failed jobs";
    told(deployment, &["acme/web", would]).await;
    let document = Document::read();
    let signals = says(deployment, &document.command("inbox list")).await;
    assert!(signals.contains("github/workflow_run"), "{signals}");
    let parked = says(deployment, &document.command("outbox list")).await;
    assert_eq!(parked.trim(), "nothing");

    let config = document.config().replace("  dry_run: true\n", "");
    assert_ne!(config, document.config());
    // Each installation that lacks a permission has an account of its own.
    let others = (0..document.permissions().len()).map(|n| format!(", \"{}/*\"", without(n)));
    let others = format!("\"acme/*\"{}", others.collect::<String>());
    let config = config.replace("\"acme/*\"", &others);
    configure(
        deployment,
        &format!("{config}  comment: true\n  rerun_delays: [1s]\n"),
    );
    child.signal(Signal::USR2);
    child.says(0, "the configuration was reloaded").await;

    github.add_repository("acme/api");
    let run_id = github.run("acme/api", flaky());
    until(PATIENCE, "the re-run is asked for", || async {
        github.find_run(run_id).unwrap().reruns == 1
    })
    .await;
    github.finish_runs();
    let message = told(deployment, &["acme/api", "✅", "healed"]).await;
    assert!(message.edits > 0, "{message:?}");
    assert_eq!(messages(deployment, &["acme/api"]).len(), 1);
    assert_eq!(github.calls("actions/re-run-workflow-failed-jobs"), 1);
    let run =
        json!({"installation": installation, "owner": "acme", "repo": "api", "run_id": run_id});
    sees(deployment, "healed", run).await;
}

/// The account whose installation lacks a permission.
fn without(number: usize) -> String {
    format!("left-{number}")
}

/// The same failure three times on the default branch, for an issue, and one in a pull request of a fork.
fn fails(github: &GitHub, repository: &str) {
    let plan = || RunPlan::new("CI", vec![JobPlan::failed("build", COMPILE)]);
    for _ in 0..3 {
        github.run(repository, plan());
    }
    let sha = github.push(repository, "fix", "src/shop.rs", "fixed", "ada");
    github.open_pull(repository, "fix", "Fix the shop", "ada", PullFrom::Fork);
    let plan = plan().on_branch("fix").at(&sha).for_event("pull_request");
    github.run(repository, RunPlan { fork: true, ..plan });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "tools: needs npm; .ci/run brings it"]
async fn the_document_leads_to_a_healed_run_and_each_permission_left_out_is_named() {
    let document = Document::read();
    let deployment = prepared(&document).await;
    let (child, installation) = installed(&deployment, &document).await;
    healed(&deployment, &child, installation).await;

    let github = deployment.slack.github();
    let permissions = document.permissions();
    let mut tried = Vec::new();
    for (number, (left_out, _, what)) in permissions.iter().enumerate() {
        // GitHub does not offer the event without it, so nothing is refused.
        if what.starts_with("the event ") {
            continue;
        }
        let others = permissions.iter().filter(|(name, ..)| name != left_out);
        let granted: Vec<_> = others.map(|(name, level, _)| (*name, *level)).collect();
        let installation = github.install(&without(number));
        github.grant(installation, &granted);
        let repository = format!("{}/api", without(number));
        github.add_repository(&repository);
        fails(&github, &repository);
        tried.push((repository, *left_out));
    }
    assert!(tried.len() >= 5, "{tried:?}");
    for (repository, name) in &tried {
        let names = |message: &MessageView| {
            message.words.contains(&format!("permission {name};"))
                || message
                    .words
                    .contains(&format!("missing_permission:{name}"))
        };
        let _shown = Shown(&deployment);
        until(PATIENCE, &format!("{repository} lacks {name}"), || async {
            messages(&deployment, &[repository]).iter().any(names)
        })
        .await;
    }
    child.stop().await;
    deployment.close().await;
}
