//! What a decision needs to know, and what it then knows.

use super::event::Event;
use super::message::ROLLBACK;
use super::model::{
    CodeChange, DeploymentId, DeploymentState, Entry, FailedDeployment, FollowedIncident, What,
};
use super::purpose::Purpose;
use crate::domain::ci::{Conclusion, Run, watched};
use crate::domain::effect::{Answer, github};
use crate::domain::ids::IncidentId;
use crate::domain::rules::{Rules, same_service};
use crate::domain::signal::End;
use crate::domain::told::Reported;
use uuid::Uuid;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Needs {
    #[default]
    Nothing,
    /// A change as it is known, and the open incidents of its service, which is locked.
    Change {
        service: String,
        repository: String,
        key: String,
        /// Of a deployment that failed: its environment and id.
        failed: Option<(String, i64)>,
    },
    /// The open incidents of a service and this one, with the changes that are not on their timelines. The
    /// service is locked.
    Service {
        service: String,
        incident: Option<IncidentId>,
        /// The present generation of the service's timer.
        timer: bool,
    },
    /// A failed deployment, locked, with its incident, or with this one.
    Deployment {
        id: DeploymentId,
        incident: Option<IncidentId>,
        /// The end of this run, when it is known.
        run: Option<i64>,
    },
    /// The deployment of a repository whose rollback this run may be, locked.
    Rollback { repository: String, run: i64 },
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    pub known: Option<CodeChange>,
    pub incidents: Vec<FollowedIncident>,
    /// The oldest first, by their place.
    pub changes: Vec<Entry>,
    /// Failed deployments: the one that was asked for, or those of the incidents.
    pub deployments: Vec<FailedDeployment>,
    /// A newer deployment to the environment has succeeded.
    pub superseded: bool,
    pub timer_generation: Option<i32>,
    /// How the run that was asked for ended, and its page.
    pub ended: Option<(Conclusion, String)>,
}

/// What must be loaded for an event.
pub fn needs(event: &Event, rules: &Rules) -> Needs {
    match event {
        Event::Seen(change) if watched::is_watched(rules, &change.repository) => Needs::Change {
            service: service_of(rules, &change.repository),
            repository: change.repository.clone(),
            key: change.key(),
            failed: match &change.what {
                What::Deployment {
                    environment,
                    deployment,
                    state: DeploymentState::Failed,
                    ..
                } => Some((environment.clone(), *deployment)),
                _ => None,
            },
        },
        Event::Seen(_) => Needs::Nothing,
        Event::Incident(state) => Needs::Service {
            service: same_service(&state.service),
            incident: Some(state.id),
            timer: false,
        },
        Event::Reported { reference, result } => Needs::Deployment {
            id: DeploymentId(*reference),
            incident: match result {
                Reported::Incident(state) => Some(state.id),
                Reported::Refused(_) => None,
            },
            run: None,
        },
    }
}

/// What must be loaded for a run: it may be the one that rolls a deployment back.
pub fn needs_of_run(run: &Run, file: Option<&str>, rules: &Rules) -> Needs {
    let rollback = rules.github.deployments.rollback.as_ref();
    let is_it = rollback.is_some_and(|rollback| {
        run.trigger == "workflow_dispatch" && file == Some(rollback.workflow.as_str())
    });
    match is_it {
        true => Needs::Rollback {
            repository: run.line.repository.clone(),
            run: run.id,
        },
        false => Needs::Nothing,
    }
}

/// What must be loaded when the changes of a service are due.
pub fn needs_when_due(service: &str) -> Needs {
    Needs::Service {
        service: service.to_owned(),
        incident: None,
        timer: true,
    }
}

/// What must be loaded for a press of a button.
pub fn needs_of_press(action: &str, value: &str) -> Needs {
    let id = Uuid::parse_str(value).ok().filter(|_| action == ROLLBACK);
    id.map_or(Needs::Nothing, |id| Needs::Deployment {
        id: DeploymentId(id),
        incident: None,
        run: None,
    })
}

/// What must be loaded for a receipt.
pub fn needs_of_receipt(purpose: &Purpose, end: &End) -> Needs {
    match purpose {
        Purpose::Changes {
            incident, service, ..
        }
        | Purpose::ChangesUpdate { incident, service } => Needs::Service {
            service: service.clone(),
            incident: Some(*incident),
            timer: false,
        },
        Purpose::Deployment { .. }
        | Purpose::DeploymentUpdate { .. }
        | Purpose::Rollback { .. } => {
            purpose
                .deployment()
                .map_or(Needs::Nothing, |id| Needs::Deployment {
                    id,
                    incident: None,
                    run: dispatched(end),
                })
        }
    }
}

/// The run that GitHub names.
pub(super) fn dispatched(end: &End) -> Option<i64> {
    match end {
        End::Done(Answer::Github(github::Answer::Dispatched { run })) => *run,
        _ => None,
    }
}

/// The service of a repository, as names are compared.
pub(super) fn service_of(rules: &Rules, repository: &str) -> String {
    same_service(watched::service(rules, repository).unwrap_or(repository))
}

impl Facts {
    pub(super) fn incident(&self, id: IncidentId) -> Option<&FollowedIncident> {
        self.incidents.iter().find(|one| one.state.id == id)
    }

    /// The failed deployment that was asked for.
    pub(super) fn deployment(&self) -> Option<&FailedDeployment> {
        self.deployments.first()
    }
}
