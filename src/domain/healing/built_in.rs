//! The playbooks that are there without any configuration.

use super::{Action, Branches, Class, Playbook, Step, Trigger, Whom};
use crate::domain::severity::Severity;

/// The names, for labels of metrics: a playbook of the configuration counts as `custom`.
pub const NAMES: [&str; 8] = [
    "infrastructure",
    "once",
    "cache",
    "flaky-test",
    "code",
    "workflow-file",
    "permission",
    "recurring",
];

/// In the order in which they are asked.
pub fn built_in() -> Vec<Playbook> {
    use Action::{DeclareIncident, DeleteCaches, Notify, OpenIssue, RerunFailedJobs};
    let issue = |labels: &[&str]| OpenIssue {
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
    };
    let [
        infrastructure,
        once,
        cache,
        flaky_test,
        code,
        workflow_file,
        permission,
        recurring,
    ] = NAMES;
    vec![
        Playbook {
            max_reruns: 2,
            ..of(
                infrastructure,
                &[
                    Class::Network,
                    Class::Registry,
                    Class::RateLimit,
                    Class::RunnerLost,
                ],
                [RerunFailedJobs],
            )
        },
        Playbook {
            max_reruns: 1,
            give_up: vec![Step::new(issue(&["ci-failure"]))],
            ..of(
                once,
                &[Class::OutOfDisk, Class::OutOfMemory, Class::Timeout],
                [RerunFailedJobs],
            )
        },
        Playbook {
            max_reruns: 1,
            ..of(cache, &[Class::Cache], [DeleteCaches, RerunFailedJobs])
        },
        Playbook {
            max_reruns: 2,
            ..of(flaky_test, &[Class::FlakyTest], [RerunFailedJobs])
        },
        of(
            code,
            &[
                Class::TestFailure,
                Class::Compile,
                Class::Lint,
                Class::Dependency,
            ],
            [Notify(Whom::Channel)],
        ),
        of(
            workflow_file,
            &[Class::WorkflowFile],
            [Notify(Whom::Channel)],
        ),
        Playbook {
            on: Trigger {
                classes: vec![Class::Permission],
                branches: Branches::Default,
                ..Trigger::default()
            },
            ..of(
                permission,
                &[],
                [Notify(Whom::Admins), DeclareIncident(Severity::P3)],
            )
        },
        Playbook {
            on: Trigger {
                classes: Class::ALL
                    .into_iter()
                    .filter(|class| !matches!(class, Class::FlakyTest | Class::Cancelled))
                    .collect(),
                branches: Branches::Default,
                recurrences: 3,
                ..Trigger::default()
            },
            ..of(recurring, &[], [issue(&["ci-failure"])])
        },
    ]
}

fn of<const N: usize>(name: &str, classes: &[Class], actions: [Action; N]) -> Playbook {
    Playbook {
        name: name.to_owned(),
        on: Trigger {
            classes: classes.to_vec(),
            ..Trigger::default()
        },
        max_reruns: 0,
        steps: actions.into_iter().map(Step::new).collect(),
        give_up: Vec::new(),
        dry_run: false,
        enabled: true,
    }
}

/// The label of a playbook.
pub fn label(name: &str) -> &'static str {
    let built_in = NAMES.into_iter().find(|own| *own == name);
    built_in.unwrap_or("custom")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::healing::{Confidence, Rerun};

    #[test]
    fn each_has_its_name_and_those_that_run_again_only_take_what_a_re_run_may_repair() {
        let all = built_in();
        let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, NAMES);
        for playbook in &all {
            assert_eq!(playbook.reruns(), playbook.max_reruns > 0);
            for class in &playbook.on.classes {
                let may_help = class.rerun(Confidence::High, false) != Rerun::No;
                assert!(may_help || !playbook.reruns(), "{class:?}");
            }
        }
    }
}
