//! A repository, and its two shapes in bodies: whole, and short as a part of other objects.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::accounts::{Account, node_id, stamp};
use super::artifacts::Artifact;
use super::caches::Cache;
use super::call::extend;
use super::checks::{CheckRun, Suite};
use super::comments::Comment;
use super::deployments::Deployment;
use super::git::Git;
use super::hosts::{API, HTML};
use super::issues::Issue;
use super::labels::Label;
use super::pulls::Pull;
use super::runs::Run;
use super::statuses::Status;
use super::workflows::Workflow;
use crate::state::Moment;

pub(crate) struct Repository {
    pub(crate) id: u64,
    pub(crate) owner: Account,
    pub(crate) name: String,
    pub(crate) private: bool,
    pub(crate) archived: bool,
    pub(crate) has_issues: bool,
    pub(crate) default_branch: String,
    pub(crate) created_at: Moment,
    /// Logins with `read`, `write` or `admin`.
    pub(crate) collaborators: BTreeMap<String, String>,
    pub(crate) git: Git,
    pub(crate) workflows: Vec<Workflow>,
    pub(crate) runs: BTreeMap<u64, Run>,
    pub(crate) artifacts: BTreeMap<u64, Artifact>,
    pub(crate) caches: Vec<Cache>,
    pub(crate) suites: BTreeMap<u64, Suite>,
    pub(crate) checks: BTreeMap<u64, CheckRun>,
    /// Issues and pull requests, by number.
    pub(crate) issues: BTreeMap<u64, Issue>,
    pub(crate) pulls: BTreeMap<u64, Pull>,
    pub(crate) comments: BTreeMap<u64, Comment>,
    pub(crate) labels: BTreeMap<String, Label>,
    pub(crate) statuses: Vec<Status>,
    pub(crate) deployments: BTreeMap<u64, Deployment>,
}

const URLS: &[(&str, &str)] = &[
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    (
        "notifications_url",
        "/notifications{?since,all,participating}",
    ),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];

impl Repository {
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.owner.login, self.name)
    }

    /// The URL of something in the API.
    pub(crate) fn api(&self, rest: &str) -> String {
        format!("{API}/repos/{}{rest}", self.full_name())
    }

    /// The URL of a page.
    pub(crate) fn html(&self, rest: &str) -> String {
        format!("{HTML}/{}{rest}", self.full_name())
    }

    /// As a part of other objects.
    pub(crate) fn short(&self) -> Value {
        let mut map = Map::new();
        for (name, rest) in URLS {
            map.insert((*name).to_owned(), json!(self.api(rest)));
        }
        let more = json!({
            "id": self.id, "node_id": node_id("Repository", self.id), "name": self.name,
            "full_name": self.full_name(), "private": self.private, "owner": self.owner.json(),
            "html_url": self.html(""), "description": null, "fork": false, "url": self.api(""),
        });
        if let Value::Object(more) = more {
            map.extend(more);
        }
        Value::Object(map)
    }

    pub(crate) fn json(&self) -> Value {
        let mut whole = self.short();
        let open = self.issues.values().filter(|issue| issue.open).count();
        let created = stamp(self.created_at);
        let visibility = if self.private { "private" } else { "public" };
        let more = json!({
            "clone_url": self.html(".git"), "git_url": self.html(".git"), "ssh_url": self.html(".git"),
            "svn_url": self.html(""), "mirror_url": null, "homepage": null, "language": "Rust",
            "default_branch": self.default_branch, "size": 100, "license": null,
            "forks": 0, "forks_count": 0, "stargazers_count": 0, "watchers": 0, "watchers_count": 0,
            "network_count": 0, "subscribers_count": 0,
            "open_issues": open, "open_issues_count": open, "has_issues": self.has_issues,
            "has_projects": false, "has_wiki": false, "has_pages": false, "has_discussions": false,
            "has_downloads": false, "archived": self.archived, "disabled": false,
            "is_template": false, "topics": [], "visibility": visibility, "allow_forking": true,
            "web_commit_signoff_required": false, "custom_properties": {},
            "created_at": created, "updated_at": created, "pushed_at": created,
        });
        extend(&mut whole, more);
        whole
    }

    pub(crate) fn organization(&self) -> Value {
        let login = &self.owner.login;
        let url = |rest: &str| format!("{API}/orgs/{login}{rest}");
        json!({
            "login": login, "id": self.owner.id, "node_id": node_id("Organization", self.owner.id),
            "url": url(""), "repos_url": url("/repos"), "events_url": url("/events"),
            "hooks_url": url("/hooks"), "issues_url": url("/issues"),
            "members_url": url("/members{/member}"),
            "public_members_url": url("/public_members{/member}"),
            "avatar_url": format!("{HTML}/avatars/u/{}?v=4", self.owner.id), "description": null,
        })
    }

    /// The next number of an issue or a pull request.
    pub(crate) fn next_number(&self) -> u64 {
        self.issues.keys().last().copied().unwrap_or(0) + 1
    }

    pub(crate) fn may_push(&self, login: &str) -> bool {
        let role = self.collaborators.get(login).map(String::as_str);
        self.owner.login == login || matches!(role, Some("write" | "maintain" | "admin"))
    }
}
