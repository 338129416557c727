//! What a step's name and command tell: whether it deploys, and its kind where its output tells nothing.

use super::Hit;
use crate::domain::ci::findings::log::{self, Line};
use crate::domain::ci::findings::{Class, Confidence, Step};
use regex::bytes::{Regex, RegexBuilder};
use std::sync::LazyLock;

static DEPLOYS: LazyLock<Regex> = LazyLock::new(|| {
    let tools = "kubectl (?:apply|rollout|set|replace)|helm (?:upgrade|install|rollback)|helmfile (?:apply|sync)\
        |(?:terraform|tofu|terragrunt|pulumi) (?:apply|up|destroy)|argocd app|flux reconcile\
        |fly(?:ctl)? deploy|gcloud (?:run|app|functions) deploy|aws (?:cloudformation|ecs|lambda) (?:deploy|update)\
        |cdk deploy|sam deploy|serverless deploy|ansible-playbook|cap \\w+ deploy|vercel (?:deploy|--prod)\
        |wrangler deploy|netlify deploy|firebase deploy|heroku ";
    let pattern = format!(r"\bdeploy(?:ment|ing|s)?\b|deploy-|-deploy|\brollout\b|\b(?:{tools})");
    words(&pattern)
});

static LINTS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"\b(?:lint(?:er|ing|s)?|fmt|format(?:ting|ter)?|style|clippy|eslint|stylelint|prettier|biome|ruff|black|isort|flake8|pylint|mypy|pyright|rubocop|standardrb|gofmt|goimports|golangci(?:-lint)?|ktlint|detekt|checkstyle|spotless\w*|spotbugs|phpcs|phpstan|psalm|clang-format|clang-tidy|shellcheck|shfmt|hadolint|actionlint|yamllint|markdownlint\S*|tflint|typos|codespell|pre-commit)\b";
    words(pattern)
});

fn words(pattern: &str) -> Regex {
    let words = RegexBuilder::new(pattern)
        .unicode(false)
        .case_insensitive(true)
        .build();
    words.expect("a valid pattern")
}

/// The last lines before the end, when no line says why.
const LAST: usize = 12;

/// Whether the name of a step or a job, or its command, says that it deploys.
pub fn deploys(words: &str) -> bool {
    DEPLOYS.is_match(words.as_bytes())
}

pub(crate) struct Commands {
    name: String,
    command: String,
}

impl Commands {
    pub(crate) fn of(failed: Option<&Step>, lines: &[Line]) -> Self {
        let commands = lines.iter().rev().find_map(|line| match line {
            Line::Command(command) => Some(command.clone()),
            Line::Output(_) => None,
        });
        Self {
            name: failed
                .map(|step| log::clean(&step.name))
                .unwrap_or_default(),
            command: commands.unwrap_or_default(),
        }
    }

    pub(crate) fn deploys(&self) -> bool {
        deploys(&self.name) || deploys(&self.command)
    }

    fn lints(&self) -> bool {
        LINTS.is_match(self.name.as_bytes()) || LINTS.is_match(self.command.as_bytes())
    }

    pub(crate) fn guess(&self, lines: &[Line]) -> Hit {
        let (class, confidence) = if self.deploys() {
            (Class::Deployment, Confidence::Medium)
        } else if self.lints() {
            (Class::Lint, Confidence::Medium)
        } else {
            (Class::Unknown, Confidence::Low)
        };
        let mut last: Vec<String> = lines
            .iter()
            .rev()
            .filter_map(|line| match line {
                Line::Output(text) if !text.is_empty() => Some(text.clone()),
                Line::Output(_) | Line::Command(_) => None,
            })
            .take(LAST)
            .collect();
        last.reverse();
        Hit {
            class,
            confidence,
            key: last.iter().rev().take(3).cloned().collect(),
            evidence: last,
            failed_tests: Vec::new(),
        }
    }
}
