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

fn repository() -> Value {
    let at = "https://api.github.com/repos/acme/checkout-service";
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
    all.insert("id".into(), json!(724_117_321));
    all.insert("name".into(), json!("checkout-service"));
    all.insert("full_name".into(), json!("acme/checkout-service"));
    all.insert("owner".into(), person(9_919, "acme"));
    all.insert(
        "description".into(),
        json!("Takes the money, and gives it back when the parcel does not come"),
    );
    all.insert("default_branch".into(), json!("main"));
    all.insert("private".into(), json!(true));
    Value::Object(all)
}

/// A completed workflow run, about 13 KB.
pub fn workflow_run(id: u64) -> Vec<u8> {
    let run = id % 100_000_000_000;
    let at = format!("https://api.github.com/repos/acme/checkout-service/actions/runs/{run}");
    let sha = format!("{:016x}{:016x}{:08x}", id, id.rotate_left(23), id as u32);
    let commit = json!({
        "id": sha, "tree_id": sha, "message": format!("Round the refund as the invoice does (#{})", id % 9_000),
        "timestamp": "2026-03-01T09:12:55Z", "author": {"name": "Ada", "email": "ada@example.com"},
        "committer": {"name": "GitHub", "email": "noreply@example.com"},
    });
    let body = json!({
        "action": "completed",
        "workflow_run": {
            "id": run, "name": "ci", "head_branch": "main", "head_sha": sha, "run_number": id % 50_000,
            "run_attempt": 1, "event": "push", "status": "completed", "conclusion": "failure",
            "workflow_id": 43_116_210, "check_suite_id": run, "url": at,
            "jobs_url": format!("{at}/jobs"), "logs_url": format!("{at}/logs"),
            "artifacts_url": format!("{at}/artifacts"), "cancel_url": format!("{at}/cancel"),
            "rerun_url": format!("{at}/rerun"), "created_at": "2026-03-01T09:13:01Z",
            "actor": person(583_231, "ada"), "triggering_actor": person(583_231, "ada"),
            "head_commit": commit, "repository": repository(), "head_repository": repository(),
            "pull_requests": [],
        },
        "workflow": {"id": 43_116_210, "name": "ci", "path": ".github/workflows/ci.yml", "state": "active"},
        "repository": repository(),
        "sender": person(583_231, "ada"),
        "installation": {"id": 4_711},
    });
    body.to_string().into_bytes()
}
