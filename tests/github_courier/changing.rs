//! What is changed in place, what else is read, and how a refusal is worded.

use super::writing::{check, issue, proposal};
use super::*;
use github::{CheckConclusion, IssueEdit};

#[tokio::test]
async fn what_shows_state_is_changed_in_place() {
    let world = world().await;
    let github::Answer::Issue { number, url } = answered(world.deliver(&issue()).await) else {
        panic!("no issue");
    };
    assert!(url.ends_with(&format!("/issues/{number}")), "{url}");
    let labels = Effect::AddLabels {
        repository: api(),
        number,
        labels: vec!["ci".to_owned()],
    };
    let edit = |edit: IssueEdit| Effect::UpdateIssue {
        repository: api(),
        number,
        edit: Some(Box::new(edit)),
    };
    let close = edit(IssueEdit {
        open: Some(false),
        ..IssueEdit::default()
    });
    let rename = edit(IssueEdit {
        title: Some("Gone".to_owned()),
        body: Some("Healthy.".to_owned()),
        open: None,
    });
    for effect in [&labels, &labels, &close, &rename, &rename] {
        assert_eq!(world.deliver(effect).await, Outcome::Done(Answer::Nothing));
    }
    let seen = repository(&world).issues.remove(0);
    assert_eq!(
        (seen.title.as_str(), seen.body.as_str(), seen.open),
        ("Gone", "Healthy.", false)
    );
    assert_eq!(seen.labels, ["flaky", "ci"]);
    let comment = Effect::CreateComment {
        repository: api(),
        number,
        body: "first".to_owned(),
    };
    let github::Answer::Comment { id } = answered(world.deliver(&comment).await) else {
        panic!("no comment");
    };
    let edit = Effect::UpdateComment {
        repository: api(),
        comment: id,
        body: Some("second".to_owned()),
    };
    assert_eq!(world.deliver(&edit).await, Outcome::Done(Answer::Nothing));
    assert_eq!(repository(&world).comments[0].body, "second");
    let nothing = Effect::UpdateComment {
        repository: api(),
        comment: id,
        body: None,
    };
    assert_eq!(
        world.deliver(&nothing).await,
        Outcome::Done(Answer::Nothing)
    );
    assert_eq!(repository(&world).comments[0].edits, 1);
}

#[tokio::test]
async fn a_check_is_in_progress_until_it_is_let_go() {
    let world = world().await;
    let sha = world.github.push(API, "main", "a.txt", "a", "bea");
    let create = Effect::CreateCheckRun {
        repository: api(),
        sha,
        name: "gate".to_owned(),
        check: check(None),
    };
    let github::Answer::CheckRun { id } = answered(world.deliver(&create).await) else {
        panic!("no check");
    };
    assert_eq!(repository(&world).checks[0].status, "in_progress");
    let passed = Some(Box::new(check(Some(CheckConclusion::Success))));
    let update = Effect::UpdateCheckRun {
        repository: api(),
        check_run: id,
        check: passed,
    };
    assert_eq!(world.deliver(&update).await, Outcome::Done(Answer::Nothing));
    assert_eq!(
        repository(&world).checks[0].conclusion.as_deref(),
        Some("success")
    );
}

#[tokio::test]
async fn the_caches_of_a_branch_are_deleted() {
    let world = world().await;
    world.github.add_cache(API, "cargo-1", 10);
    world.github.add_cache(API, "cargo-2", 10);
    let delete = |reference: &str| Effect::DeleteCaches {
        repository: api(),
        reference: reference.to_owned(),
    };
    let deleted = |count| Outcome::Done(Answer::Github(github::Answer::CachesDeleted { count }));
    assert_eq!(world.deliver(&delete("refs/heads/other")).await, deleted(0));
    assert_eq!(repository(&world).caches.len(), 2);
    assert_eq!(world.deliver(&delete("refs/heads/main")).await, deleted(2));
    assert!(repository(&world).caches.is_empty());
}

#[tokio::test]
async fn a_file_and_the_pull_requests_of_a_commit_are_read() {
    let world = world().await;
    let sha = world.github.push(
        API,
        "main",
        ".github/wardroom.yml",
        "dry_run: true\n",
        "bea",
    );
    let read = |path: &str, branch: Option<&str>| Effect::ReadFile {
        repository: api(),
        path: path.to_owned(),
        branch: branch.map(str::to_owned),
    };
    let file = |content: Option<&str>| {
        let content = content.map(str::to_owned);
        Outcome::Done(Answer::Github(github::Answer::File { content }))
    };
    assert_eq!(
        world.deliver(&read(".github/wardroom.yml", None)).await,
        file(Some("dry_run: true\n"))
    );
    assert_eq!(
        world.deliver(&read("missing.yml", Some("main"))).await,
        file(None)
    );
    assert_eq!(
        world.deliver(&read("README.md", Some("no-branch"))).await,
        file(None)
    );
    let pulls = Effect::FindPulls {
        repository: api(),
        sha,
    };
    assert_eq!(
        answered(world.deliver(&pulls).await),
        github::Answer::Pulls(Vec::new())
    );
    answered(world.deliver(&proposal()).await);
    let head = world
        .github
        .push(API, "wardroom/quarantine/1", "b.txt", "b", "bea");
    let pulls = Effect::FindPulls {
        repository: api(),
        sha: head,
    };
    let github::Answer::Pulls(found) = answered(world.deliver(&pulls).await) else {
        panic!("no pull requests");
    };
    assert_eq!(
        (
            found.len(),
            found[0].open,
            found[0].is_bot,
            found[0].base.as_str()
        ),
        (1, true, true, "main")
    );
}

#[tokio::test]
async fn each_refusal_has_a_code() {
    let world = world().await;
    let comment = |number| Effect::CreateComment {
        repository: api(),
        number,
        body: "x".to_owned(),
    };
    assert_eq!(world.deliver(&comment(99)).await, refused("not_found"));
    world.github.disable_issues(API);
    assert_eq!(world.deliver(&issue()).await, refused("issues_disabled"));
    let dispatch = Effect::DispatchWorkflow {
        repository: api(),
        workflow: "missing.yml".to_owned(),
        reference: "main".to_owned(),
        inputs: Default::default(),
    };
    assert_eq!(world.deliver(&dispatch).await, refused("not_found"));
    let label = Effect::AddLabels {
        repository: "acme/none".to_owned(),
        number: 1,
        labels: Vec::new(),
    };
    assert_eq!(world.deliver(&label).await, refused("not_found"));
    let nameless = Effect::AddLabels {
        repository: "acme".to_owned(),
        number: 1,
        labels: Vec::new(),
    };
    assert_eq!(
        world.deliver(&nameless).await,
        refused_here("bad_repository")
    );
}

#[tokio::test]
async fn long_texts_are_cut_and_keep_their_marker() {
    let world = world().await;
    let long = Effect::CreateIssue {
        repository: api(),
        title: "t".repeat(500),
        body: "b".repeat(70_000),
        labels: vec!["l".repeat(80)],
    };
    answered(world.deliver(&long).await);
    assert!(matches!(world.find(&long).await, Lookup::Found(_)));
}
