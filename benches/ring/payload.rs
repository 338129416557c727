//! Bodies like those that GitHub sends, in size, structure and compressibility.

use serde_json::{Map, Value, json};

/// The URLs that GitHub includes with every repository.
const ADDRESSES: [&str; 38] = [
    "forks",
    "keys{/key_id}",
    "collaborators{/collaborator}",
    "teams",
    "hooks",
    "issues/events{/number}",
    "events",
    "assignees{/user}",
    "branches{/branch}",
    "tags",
    "git/blobs{/sha}",
    "git/tags{/sha}",
    "git/refs{/sha}",
    "git/trees{/sha}",
    "statuses/{sha}",
    "languages",
    "stargazers",
    "contributors",
    "subscribers",
    "subscription",
    "commits{/sha}",
    "git/commits{/sha}",
    "comments{/number}",
    "issues/comments{/number}",
    "contents/{+path}",
    "compare/{base}...{head}",
    "merges",
    "{archive_format}{/ref}",
    "downloads",
    "issues{/number}",
    "pulls{/number}",
    "milestones{/number}",
    "notifications{?since,all,participating}",
    "labels{/name}",
    "releases{/id}",
    "deployments",
    "actions/runs",
    "actions/workflows",
];

fn person(id: u64, login: &str) -> Value {
    let at = format!("https://api.github.com/users/{login}");
    json!({
        "login": login, "id": id, "node_id": format!("MDQ6VXNlcj{id}"), "url": at, "type": "User",
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
        "html_url": format!("https://github.com/{login}"), "gravatar_id": "",
        "followers_url": format!("{at}/followers"), "following_url": format!("{at}/following{{/other_user}}"),
        "gists_url": format!("{at}/gists{{/gist_id}}"), "starred_url": format!("{at}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{at}/subscriptions"), "organizations_url": format!("{at}/orgs"),
        "repos_url": format!("{at}/repos"), "events_url": format!("{at}/events{{/privacy}}"),
        "received_events_url": format!("{at}/received_events"), "site_admin": false,
    })
}

fn repository(full_name: &str) -> Value {
    let at = format!("https://api.github.com/repos/{full_name}");
    let mut all = Map::new();
    for address in ADDRESSES {
        let name: String = address
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '/')
            .collect();
        all.insert(
            format!("{}_url", name.trim_matches('/').replace('/', "_")),
            json!(format!("{at}/{address}")),
        );
    }
    let (owner, name) = full_name.split_once('/').unwrap_or(("acme", full_name));
    all.insert("id".into(), json!(724_117_321));
    all.insert("name".into(), json!(name));
    all.insert("full_name".into(), json!(full_name));
    all.insert("owner".into(), person(9_919, owner));
    all.insert(
        "description".into(),
        json!("Takes the money, and gives it back when the parcel does not come"),
    );
    all.insert("default_branch".into(), json!("main"));
    all.insert("private".into(), json!(true));
    Value::Object(all)
}

/// What a webhook about a run says of it.
pub struct Run<'a> {
    pub repository: &'a str,
    pub id: u64,
    pub number: u64,
    pub branch: &'a str,
    pub action: &'a str,
    /// Of a run that is completed.
    pub conclusion: &'a str,
}

/// A completed run that failed, about 13 KB.
pub fn workflow_run(id: u64) -> Vec<u8> {
    run(&Run {
        repository: "acme/checkout-service",
        id: id % 100_000_000_000,
        number: id % 50_000,
        branch: "main",
        action: "completed",
        conclusion: "failure",
    })
}

/// A `workflow_run`, about 13 KB.
pub fn run(run: &Run<'_>) -> Vec<u8> {
    let at = format!(
        "https://api.github.com/repos/{}/actions/runs/{}",
        run.repository, run.id
    );
    let conclusion = (run.action == "completed").then_some(run.conclusion);
    let commit = commit(run.id);
    let body = json!({
        "action": run.action,
        "workflow_run": {
            "id": run.id, "name": "ci", "head_branch": run.branch, "head_sha": commit["id"],
            "run_number": run.number, "run_attempt": 1, "event": "push", "status": run.action,
            "conclusion": conclusion, "workflow_id": 43_116_210, "check_suite_id": run.id, "url": at,
            "jobs_url": format!("{at}/jobs"), "logs_url": format!("{at}/logs"),
            "artifacts_url": format!("{at}/artifacts"), "cancel_url": format!("{at}/cancel"),
            "rerun_url": format!("{at}/rerun"), "created_at": now(), "run_started_at": now(),
            "actor": person(583_231, "ada"), "triggering_actor": person(583_231, "ada"),
            "head_commit": commit, "repository": repository(run.repository),
            "head_repository": repository(run.repository), "pull_requests": [],
        },
        "workflow": {"id": 43_116_210, "name": "ci", "path": ".github/workflows/ci.yml", "state": "active"},
        "repository": repository(run.repository),
        "sender": person(583_231, "ada"),
        "installation": {"id": 4_711},
    });
    body.to_string().into_bytes()
}

/// A push of so many commits, of which each has about 600 bytes.
pub fn push(full_name: &str, branch: &str, number: u64, commits: u64) -> Vec<u8> {
    let head = commit(number);
    let commits: Vec<Value> = (0..commits).map(|at| commit(number * 100 + at)).collect();
    let body = json!({
        "ref": format!("refs/heads/{branch}"), "after": head["id"], "deleted": false,
        "head_commit": head, "commits": commits, "repository": repository(full_name),
        "pusher": {"name": "ada"}, "sender": person(583_231, "ada"), "installation": {"id": 4_711},
    });
    body.to_string().into_bytes()
}

/// A pull request that is merged, or has new commits.
pub fn pull_request(full_name: &str, number: u64, merged: bool) -> Vec<u8> {
    let action = if merged { "closed" } else { "synchronize" };
    let body = json!({
        "action": action, "number": number,
        "pull_request": {
            "number": number, "title": "Round the refund as the invoice does", "merged": merged,
            "merged_at": merged.then(now), "merge_commit_sha": commit(number)["id"],
            "base": {"ref": "main", "repo": repository(full_name)}, "user": person(583_231, "ada"),
            "head": {"ref": "refund", "repo": repository(full_name)},
        },
        "repository": repository(full_name), "sender": person(583_231, "ada"),
        "installation": {"id": 4_711},
    });
    body.to_string().into_bytes()
}

/// A webhook of a kind that is not used; `repeated` parts make it larger.
pub fn unused(kind: &str, full_name: &str, number: u64, repeated: usize) -> Vec<u8> {
    let part = |at: usize| json!({"id": at, "repo": repository(full_name), "app": person(15_368, "actions")});
    let parts: Vec<Value> = (0..repeated).map(part).collect();
    let body = json!({
        "action": "completed",
        kind: {"id": number, "name": "test", "status": "completed", "conclusion": "success",
               "head_sha": commit(number)["id"], "pull_requests": parts},
        "repository": repository(full_name), "sender": person(583_231, "ada"),
        "installation": {"id": 4_711},
    });
    body.to_string().into_bytes()
}

fn commit(id: u64) -> Value {
    let sha = format!("{:016x}{:016x}{:08x}", id, id.rotate_left(23), id as u32);
    json!({
        "id": sha, "tree_id": sha, "message": format!("Round the refund as the invoice does (#{})", id % 9_000),
        "timestamp": now(), "author": {"name": "Ada", "email": "ada@example.com"},
        "committer": {"name": "GitHub", "email": "noreply@example.com"},
        "url": format!("https://github.com/acme/checkout-service/commit/{sha}"),
        "modified": ["src/refund/rounding.rs", "src/refund/tests/rounding.rs"],
    })
}

fn now() -> String {
    chrono::Utc::now().to_rfc3339()
}
