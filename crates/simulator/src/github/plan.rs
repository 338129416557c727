//! What a test or a demo says about a run: its jobs, attempt by attempt.

use serde::{Deserialize, Serialize};

/// A run of a workflow, and what its attempts do. After the last one, re-runs repeat it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunPlan {
    /// The name of the workflow; it is added to the repository if it is not there.
    pub workflow: String,
    /// The default branch if it is not given.
    pub branch: Option<String>,
    /// The newest commit of the branch if it is not given.
    pub sha: Option<String>,
    pub event: String,
    /// The login of the actor; the owner of the repository if it is not given.
    pub actor: Option<String>,
    /// From a fork: the event names no pull request.
    pub fork: bool,
    /// How many days ago it was created.
    pub days_old: i64,
    pub attempts: Vec<AttemptPlan>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttemptPlan {
    pub jobs: Vec<JobPlan>,
    /// Instead of the conclusion that follows from the jobs, such as `startup_failure` with no jobs.
    pub conclusion: Option<String>,
    pub artifacts: Vec<ArtifactPlan>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobPlan {
    pub name: String,
    pub conclusion: String,
    pub steps: Vec<StepPlan>,
    /// Lines of the log. GitHub puts the time before each.
    pub log: String,
    pub annotations: Vec<AnnotationPlan>,
    /// The names of jobs that run before. A re-run of one of them runs this job too.
    pub needs: Vec<String>,
    pub labels: Vec<String>,
    pub seconds: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StepPlan {
    pub name: String,
    pub conclusion: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AnnotationPlan {
    pub path: String,
    pub line: u64,
    /// `notice`, `warning` or `failure`.
    pub level: String,
    pub message: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactPlan {
    pub name: String,
    /// Paths and contents.
    pub files: Vec<(String, String)>,
    /// Replaces an artifact of the same name of an earlier attempt. Without it, the upload fails.
    #[serde(default)]
    pub overwrite: bool,
}

impl Default for RunPlan {
    fn default() -> Self {
        Self {
            workflow: "CI".to_owned(),
            branch: None,
            sha: None,
            event: "push".to_owned(),
            actor: None,
            fork: false,
            days_old: 0,
            attempts: Vec::new(),
        }
    }
}

impl Default for JobPlan {
    fn default() -> Self {
        Self {
            name: "build".to_owned(),
            conclusion: "success".to_owned(),
            steps: Vec::new(),
            log: String::new(),
            annotations: Vec::new(),
            needs: Vec::new(),
            labels: vec!["ubuntu-latest".to_owned()],
            seconds: 60,
        }
    }
}

impl RunPlan {
    /// A run of this workflow whose first attempt has these jobs.
    pub fn new(workflow: &str, jobs: Vec<JobPlan>) -> Self {
        Self {
            workflow: workflow.to_owned(),
            ..Self::default()
        }
        .then(AttemptPlan::new(jobs))
    }

    /// What the next attempt does.
    pub fn then(mut self, attempt: AttemptPlan) -> Self {
        self.attempts.push(attempt);
        self
    }

    pub fn on_branch(mut self, branch: &str) -> Self {
        self.branch = Some(branch.to_owned());
        self
    }

    pub fn at(mut self, sha: &str) -> Self {
        self.sha = Some(sha.to_owned());
        self
    }

    pub fn for_event(mut self, event: &str) -> Self {
        event.clone_into(&mut self.event);
        self
    }

    pub fn by(mut self, login: &str) -> Self {
        self.actor = Some(login.to_owned());
        self
    }

    pub fn days_old(mut self, days: i64) -> Self {
        self.days_old = days;
        self
    }
}

impl AttemptPlan {
    pub fn new(jobs: Vec<JobPlan>) -> Self {
        Self {
            jobs,
            ..Self::default()
        }
    }

    /// An attempt without jobs that ends so, such as `startup_failure`.
    pub fn ended(conclusion: &str) -> Self {
        Self {
            conclusion: Some(conclusion.to_owned()),
            ..Self::default()
        }
    }

    pub fn artifact(mut self, name: &str, files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let (name, files) = (name.to_owned(), files.collect());
        self.artifacts.push(ArtifactPlan {
            name,
            files,
            overwrite: false,
        });
        self
    }
}

impl JobPlan {
    pub fn passed(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// A job that fails with this log, in a step named as the job.
    pub fn failed(name: &str, log: &str) -> Self {
        let mut job = Self {
            log: log.to_owned(),
            ..Self::passed(name)
        };
        "failure".clone_into(&mut job.conclusion);
        job
    }

    pub fn ended(name: &str, conclusion: &str) -> Self {
        Self {
            conclusion: conclusion.to_owned(),
            ..Self::passed(name)
        }
    }

    pub fn step(mut self, name: &str, conclusion: &str) -> Self {
        let (name, conclusion) = (name.to_owned(), conclusion.to_owned());
        self.steps.push(StepPlan { name, conclusion });
        self
    }

    pub fn needs(mut self, name: &str) -> Self {
        self.needs.push(name.to_owned());
        self
    }

    pub fn annotation(mut self, path: &str, line: u64, message: &str) -> Self {
        self.annotations.push(AnnotationPlan {
            path: path.to_owned(),
            line,
            level: "failure".to_owned(),
            message: message.to_owned(),
        });
        self
    }
}
