//! Makes the domain's rules for the healing of CI of the configuration's.

use crate::config::{self, Config, Span};
use crate::domain::healing::{
    Action, Branches, Class, Healing, MassFailure, Playbook, Step, Thresholds, Trigger, Whom,
    built_in,
};
use crate::domain::incident::Severity;
use chrono::Duration;

pub(super) fn from_config(config: &Config) -> Healing {
    let github = &config.rules.github;
    let usual = Healing::default();
    let budgets = &github.budgets;
    Healing {
        enabled: config.process.self_healing,
        dry_run: github.dry_run,
        max_reruns_per_run: github
            .max_reruns_per_run
            .unwrap_or(usual.max_reruns_per_run),
        rerun_delays: match &github.rerun_delays[..] {
            [] => usual.rerun_delays,
            delays => delays.iter().copied().map(span).collect(),
        },
        cooldown: github.cooldown.map_or(usual.cooldown, span),
        reruns_per_repository: budgets.repository.unwrap_or(usual.reruns_per_repository),
        reruns_per_installation: budgets
            .installation
            .unwrap_or(usual.reruns_per_installation),
        playbooks: playbooks(&github.playbooks),
        flaky: flaky(&github.flaky),
        aliases: github.flaky.aliases.clone(),
        reports: github.reports.clone().unwrap_or(usual.reports),
        overdue_after: github.overdue_after.map_or(usual.overdue_after, span),
    }
}

fn span(Span(span): Span) -> Duration {
    Duration::from_std(span).expect("a span of the configuration is at most ten years")
}

fn flaky(flaky: &config::Flaky) -> Thresholds {
    let usual = Thresholds::default();
    Thresholds {
        window: flaky.window.map_or(usual.window, span),
        flaky_changes: flaky.changes.unwrap_or(usual.flaky_changes),
        flaky_percent: flaky.percent.unwrap_or(usual.flaky_percent),
        broken_changes: flaky.broken_changes.unwrap_or(usual.broken_changes),
        clean_for: flaky.clean_for.map_or(usual.clean_for, span),
        clean_runs: flaky.clean_runs.unwrap_or(usual.clean_runs),
        cycles: flaky.cycles.unwrap_or(usual.cycles),
        mass_failure: MassFailure {
            percent: flaky.mass_percent.unwrap_or(usual.mass_failure.percent),
            failures: flaky.mass_failures.unwrap_or(usual.mass_failure.failures),
        },
    }
}

/// Those of the file, then the built-in ones that none of them replaces. One without steps only turns a
/// built-in one off.
fn playbooks(of_file: &[config::Playbook]) -> Vec<Playbook> {
    let own = of_file.iter().filter(|one| !one.steps.is_empty());
    let built_in = built_in().into_iter().filter_map(|built_in| {
        let mut named = of_file.iter().filter(|one| one.name == built_in.name);
        match named.next() {
            None => Some(built_in),
            Some(replaced) if !replaced.steps.is_empty() => None,
            Some(switch) => Some(Playbook {
                enabled: switch.enabled,
                dry_run: switch.dry_run,
                ..built_in
            }),
        }
    });
    own.map(playbook).chain(built_in).collect()
}

fn playbook(playbook: &config::Playbook) -> Playbook {
    let on = &playbook.on;
    let classes = Class::ALL.into_iter();
    let is_named = |class: &Class| on.classes.iter().any(|name| name == class.as_str());
    Playbook {
        name: playbook.name.clone(),
        on: Trigger {
            classes: classes.filter(is_named).collect(),
            workflows: on.workflows.clone(),
            branches: match on.default_branch {
                true => Branches::Default,
                false if on.branches.is_empty() => Branches::Any,
                false => Branches::Like(on.branches.clone()),
            },
            recurrences: on.recurrences,
        },
        max_reruns: playbook.max_reruns.unwrap_or(2),
        steps: playbook.steps.iter().map(step).collect(),
        give_up: playbook.give_up.iter().map(step).collect(),
        dry_run: playbook.dry_run,
        enabled: playbook.enabled,
    }
}

fn step(step: &config::Step) -> Step {
    let severity = step.severity.as_deref().and_then(Severity::parse);
    let plain = Step::new(match step.action {
        config::Action::RerunFailedJobs => Action::RerunFailedJobs,
        config::Action::RerunRun => Action::RerunRun,
        config::Action::DeleteCaches => Action::DeleteCaches,
        config::Action::DispatchWorkflow => Action::DispatchWorkflow {
            workflow: step.workflow.clone().unwrap_or_default(),
            reference: step.reference.clone(),
            inputs: step.inputs.clone(),
        },
        config::Action::Comment => Action::Comment {
            text: step.text.clone().unwrap_or_default(),
        },
        config::Action::OpenIssue => Action::OpenIssue {
            labels: step.labels.clone(),
        },
        config::Action::AddLabels => Action::AddLabels {
            labels: step.labels.clone(),
        },
        config::Action::Notify => Action::Notify(match step.whom {
            None => Whom::Channel,
            Some(config::Whom::Owners) => Whom::Owners,
            Some(config::Whom::Admins) => Whom::Admins,
        }),
        config::Action::DeclareIncident => {
            Action::DeclareIncident(severity.unwrap_or(Severity::P3))
        }
    });
    Step {
        timeout: step.timeout.map_or(plain.timeout, span),
        retries: step.retries,
        requires_approval: step.requires_approval,
        ..plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::path::Path;

    fn read(github: &str) -> Result<Healing, String> {
        let directory = tempdir();
        let file = directory.join("wardroom.yaml");
        std::fs::write(&file, format!("github:\n{github}")).unwrap();
        let loaded = Config::load(Some(Path::new(&file)), &|_| None);
        std::fs::remove_dir_all(&directory).unwrap();
        match loaded {
            Ok((config, _)) => Ok(from_config(&config)),
            Err(problems) => Err(problems
                .iter()
                .map(|problem| problem.to_string())
                .collect::<Vec<_>>()
                .join("\n")),
        }
    }

    fn tempdir() -> std::path::PathBuf {
        let name = format!("wardroom-healing-{}", uuid::Uuid::new_v4());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        directory
    }

    #[test]
    fn a_trigger_may_name_each_class_and_no_other() {
        let schema: Value = serde_json::from_str(&config::schema()).unwrap();
        let words = &schema["$defs"]["Class"]["anyOf"][0]["enum"];
        let classes = Class::ALL.map(Class::as_str).to_vec();
        assert_eq!(*words, Value::from(classes));
    }

    #[test]
    fn the_built_in_playbooks_have_the_names_that_the_configuration_knows() {
        let names: Vec<String> = built_in().into_iter().map(|one| one.name).collect();
        assert_eq!(names, config::BUILT_IN_PLAYBOOKS);
    }

    #[test]
    fn without_keys_the_values_are_those_of_the_domain() {
        assert_eq!(read("  channel: C024CI\n").unwrap(), Healing::default());
    }

    #[test]
    fn each_key_has_its_effect() {
        let healing = read(
            "  max_reruns_per_run: 3
  rerun_delays: [5s]
  cooldown: 2h
  dry_run: true
  budgets: {repository: 4, installation: 9}
  flaky: {window: 7d, changes: 3, percent: 2, broken_changes: 4, clean_for: 1d, clean_runs: 5, cycles: 1, mass_failures: 9, mass_percent: 50}
  reports: [results]
  overdue_after: 3h
",
        )
        .unwrap();
        let wanted = Healing {
            dry_run: true,
            max_reruns_per_run: 3,
            rerun_delays: vec![Duration::seconds(5)],
            cooldown: Duration::hours(2),
            reruns_per_repository: 4,
            reruns_per_installation: 9,
            flaky: Thresholds {
                window: Duration::days(7),
                flaky_changes: 3,
                flaky_percent: 2,
                broken_changes: 4,
                clean_for: Duration::days(1),
                clean_runs: 5,
                cycles: 1,
                mass_failure: MassFailure {
                    percent: 50,
                    failures: 9,
                },
            },
            reports: vec!["results".to_owned()],
            overdue_after: Duration::hours(3),
            ..Healing::default()
        };
        assert_eq!(healing, wanted);
    }

    #[test]
    fn a_built_in_playbook_is_turned_off_or_replaced_by_its_name_and_others_come_first() {
        let healing = read(
            "  playbooks:
    - {name: cache, enabled: false}
    - name: once
      on: {classes: [timeout], branches: [main], workflows: ['E2E*']}
      max_reruns: 1
      steps:
        - {action: rerun_failed_jobs, timeout: 2h, retries: 1}
        - {action: dispatch_workflow, workflow: clean.yml, ref: main, inputs: {all: 'yes'}, requires_approval: true}
        - {action: notify, whom: owners}
      give_up:
        - {action: declare_incident, severity: P2}
",
        )
        .unwrap();
        let names: Vec<&str> = healing
            .playbooks
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        let others = [
            "infrastructure",
            "cache",
            "flaky-test",
            "code",
            "workflow-file",
            "permission",
            "recurring",
        ];
        assert_eq!(names, [&["once"][..], &others].concat());
        let off: Vec<&str> = healing
            .playbooks
            .iter()
            .filter(|one| !one.enabled)
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(off, ["cache"]);
        let own = &healing.playbooks[0];
        assert_eq!(own.on.classes, [Class::Timeout]);
        assert_eq!(own.on.branches, Branches::Like(vec!["main".to_owned()]));
        assert_eq!(own.steps[0].timeout, Duration::hours(2));
        assert_eq!(own.steps[0].retries, 1);
        assert!(own.steps[1].requires_approval);
        assert_eq!(own.steps[2].action, Action::Notify(Whom::Owners));
        assert_eq!(own.give_up[0].action, Action::DeclareIncident(Severity::P2));
    }

    #[test]
    fn a_playbook_that_cannot_work_is_refused_at_its_place() {
        for (playbooks, wanted) in [
            (
                "[{name: mine}]",
                "a playbook `mine` has no steps, and no built-in one has its name",
            ),
            (
                "[{name: cache, enabled: false}, {name: cache, enabled: true}]",
                "another playbook has the same name",
            ),
            (
                "[{name: mine, steps: [{action: dispatch_workflow}]}]",
                "`dispatch_workflow` needs `workflow`",
            ),
            (
                "[{name: mine, steps: [{action: comment}]}]",
                "`comment` needs `text`",
            ),
            (
                "[{name: mine, steps: [{action: add_labels}]}]",
                "`add_labels` needs `labels`",
            ),
            (
                "[{name: mine, on: {recurrences: 3}, steps: [{action: notify}, {action: rerun_failed_jobs}]}]",
                "a playbook with `recurrences` cannot re-run",
            ),
            (
                "[{name: mine, steps: [{action: notify}], give_up: [{action: rerun_run}]}]",
                "`give_up` cannot re-run",
            ),
            (
                "[{name: mine, on: {classes: [melted]}, steps: [{action: notify}]}]",
                "cannot be `melted`",
            ),
        ] {
            let refused = read(&format!("  playbooks: {playbooks}\n"));
            let said = refused.unwrap_err();
            assert!(said.contains(wanted), "{said}");
        }
    }
}
