//! Files: reading one, and proposing a change of one by a pull request.
//!
//! A proposal is a branch, a commit and a pull request. Each step is looked up by its own name before it is
//! made, so that a repeated proposal completes what exists.

use super::call_error::CallError;
use super::client::{Session, parsed};
use super::conversation::{first, found_or_absent};
use super::untrusted;
use crate::courier::Lookup;
use crate::domain::effect::Answer;
use crate::domain::effect::github::{self, PullSeen};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

/// The most that is read of a file; GitHub gives no content of more than 1 MB.
const FILE: usize = 512 * 1024;
const TITLE: usize = 250;
const BODY: usize = 65_000;
const PULLS: usize = 30;

#[derive(Deserialize)]
struct Repository {
    default_branch: String,
}

#[derive(Deserialize)]
struct Reference {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    sha: String,
}

#[derive(Deserialize)]
struct File {
    sha: String,
    size: usize,
    content: Option<String>,
    encoding: Option<String>,
}

#[derive(Deserialize)]
struct Pull {
    number: i64,
    html_url: Option<String>,
    state: Option<String>,
    user: Option<User>,
    base: Option<Base>,
}

#[derive(Deserialize)]
struct User {
    login: Option<String>,
    r#type: Option<String>,
}

#[derive(Deserialize)]
struct Base {
    r#ref: Option<String>,
}

/// What is proposed.
#[derive(Clone, Copy)]
pub(super) struct Proposal<'a> {
    pub(super) branch: &'a str,
    pub(super) path: &'a str,
    pub(super) content: &'a str,
    pub(super) title: &'a str,
    pub(super) body: &'a str,
}

impl Session<'_> {
    pub(super) async fn read_file(
        &self,
        path: &str,
        branch: Option<&str>,
    ) -> Result<Answer, CallError> {
        let file = self.file(path, branch).await?;
        let content = file.map(|file| file.text()).transpose()?;
        Ok(Answer::Github(github::Answer::File { content }))
    }

    async fn file(&self, path: &str, branch: Option<&str>) -> Result<Option<File>, CallError> {
        let path: Vec<&str> = ["contents"].into_iter().chain(path.split('/')).collect();
        let query: Vec<(&str, &str)> = branch.map(|branch| ("ref", branch)).into_iter().collect();
        optional(self.get(&path, &query).await)
    }

    pub(super) async fn propose(&self, proposal: Proposal<'_>) -> Result<Answer, CallError> {
        let Proposal {
            branch,
            title,
            body,
            ..
        } = proposal;
        let repository: Repository = self.get(&[], &[]).await?;
        let base = repository.default_branch;
        if self.head(branch).await?.is_none() {
            let head = self.head(&base).await?;
            let head = head.ok_or_else(|| CallError::refused("no_default_branch"))?;
            let made = json!({"ref": format!("refs/heads/{branch}"), "sha": head});
            let made = self.post(&["git", "refs"], &made).await;
            // Made meanwhile, by an earlier attempt.
            made.map(|_| ()).or_else(|error| match error.is(422) {
                true => Ok(()),
                false => Err(error),
            })?;
        }
        match self.write(proposal).await {
            // The branch may have moved since the file was read.
            Err(error) if error.is(409) => self.write(proposal).await?,
            written => written?,
        }
        if let Some(pull) = self.pull_of(branch).await? {
            return Ok(pull.answer());
        }
        let pull = json!({
            "title": first(title, TITLE), "body": first(body, BODY), "head": branch, "base": base,
            "maintainer_can_modify": true,
        });
        let opened = self.post(&["pulls"], &pull).await?;
        parsed(&opened).map(|pull: Pull| pull.answer())
    }

    /// Gives the file its content, unless it has it.
    async fn write(&self, proposal: Proposal<'_>) -> Result<(), CallError> {
        let Proposal {
            branch,
            path,
            content,
            title,
            ..
        } = proposal;
        let file = self.file(path, Some(branch)).await?;
        let old = file.as_ref().and_then(|file| file.text().ok());
        if old.as_deref() == Some(content) {
            return Ok(());
        }
        let mut change = json!({
            "message": first(title, TITLE), "content": STANDARD.encode(content), "branch": branch,
        });
        if let Some(file) = file {
            change["sha"] = json!(file.sha);
        }
        let path: Vec<&str> = ["contents"].into_iter().chain(path.split('/')).collect();
        let changed = self.call(Method::PUT, &path, &[], Some(&change)).await;
        changed.map(|_| ())
    }

    /// The proposal is whole when its pull request is open and its branch has the content.
    pub(super) async fn find_proposal(&self, proposal: Proposal<'_>) -> Result<Lookup, CallError> {
        let Some(pull) = self.pull_of(proposal.branch).await? else {
            return Ok(Lookup::Absent);
        };
        let file = self.file(proposal.path, Some(proposal.branch)).await?;
        let content = file.and_then(|file| file.text().ok());
        let is_whole = content.as_deref() == Some(proposal.content);
        Ok(found_or_absent(is_whole.then(|| pull.answer())))
    }

    /// The commit of a branch.
    async fn head(&self, branch: &str) -> Result<Option<String>, CallError> {
        let path: Vec<&str> = ["git", "ref", "heads"]
            .into_iter()
            .chain(branch.split('/'))
            .collect();
        let found: Option<Reference> = optional(self.get(&path, &[]).await)?;
        Ok(found.map(|reference| reference.object.sha))
    }

    /// The open pull request of a branch of the repository itself.
    async fn pull_of(&self, branch: &str) -> Result<Option<Pull>, CallError> {
        let head = format!("{}:{branch}", self.owner());
        let query = [("head", head.as_str()), ("state", "open")];
        let pulls: Vec<Pull> = self.get(&["pulls"], &query).await?;
        Ok(pulls.into_iter().next())
    }

    pub(super) async fn find_pulls(&self, sha: &str) -> Result<Answer, CallError> {
        let path = ["commits", sha, "pulls"];
        let pulls: Vec<Pull> = self.get(&path, &[("per_page", "100")]).await?;
        let seen = pulls.into_iter().take(PULLS).map(|pull| {
            let user = pull.user.unwrap_or(User {
                login: None,
                r#type: None,
            });
            PullSeen {
                number: pull.number,
                author: untrusted::address(&user.login.unwrap_or_default()),
                is_bot: user.r#type.as_deref() != Some("User"),
                open: pull.state.as_deref() == Some("open"),
                base: untrusted::name(&pull.base.and_then(|base| base.r#ref).unwrap_or_default()),
            }
        });
        Ok(Answer::Github(github::Answer::Pulls(seen.collect())))
    }
}

impl File {
    /// The content as it is: it is compared and changed, so no part of it is removed.
    fn text(&self) -> Result<String, CallError> {
        let packed = self.content.as_deref().unwrap_or_default();
        if self.size > FILE || self.encoding.as_deref() != Some("base64") {
            return Err(CallError::refused("too_large"));
        }
        let packed: String = packed.split_whitespace().collect();
        let text = STANDARD
            .decode(packed)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or_else(|| CallError::refused("not_text"))
    }
}

impl Pull {
    fn answer(self) -> Answer {
        Answer::Github(github::Answer::Pull {
            number: self.number,
            url: untrusted::url(&self.html_url.unwrap_or_default()),
        })
    }
}

fn optional<T>(read: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.is(404) => Ok(None),
        Err(error) => Err(error),
    }
}
