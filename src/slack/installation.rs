//! Which installation of the app a payload is meant for, and whether its user is from our workspace.
//!
//! These are two questions. In a Slack Connect channel a user of a partner acts, and a payload names the
//! partner's workspace where it otherwise names ours; the installation is then named by
//! `authorizations`, by `view.app_installed_team_id`, or by the bot's message that was clicked. An app
//! that is installed in a whole organisation has one installation and many workspaces.

use crate::domain::ids::Membership;

/// Our installation, as far as `auth.test` has described it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installation {
    pub team: Team,
    /// The organisation, when the app is installed in all of it.
    pub enterprise: Option<String>,
    /// The organisation of the workspace, also when the app is installed in the workspace only.
    pub organisation: Option<String>,
    /// The bot's user id.
    pub bot_user: Option<String>,
    /// The bot's id, which messages name as `bot_id`.
    pub bot: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Team {
    /// `auth.test` is not answered yet.
    #[default]
    Pending,
    /// There is no token, so `auth.test` cannot be called: all requests are refused.
    NoToken,
    /// The server at `SLACK_API_URL` has no `auth.test`: all requests are accepted.
    Unreported,
    Known(String),
}

/// What a payload says about its origin.
#[derive(Debug, Default)]
pub(crate) struct PayloadContext<'a> {
    /// The ids by which it names the installation: a workspace, an organisation, the bot or its user,
    /// also as who posted the message or opened the modal.
    pub(crate) installed: Vec<&'a str>,
    /// The workspace and the organisation that it names without saying whose they are.
    pub(crate) team: Option<&'a str>,
    pub(crate) enterprise: Option<&'a str>,
    /// The user's workspace, where it is a separate field.
    pub(crate) user_team: Option<&'a str>,
    /// Whether it comes from a Slack Connect channel, and names no installation.
    pub(crate) is_shared: bool,
}

/// A payload that is meant for another installation of the app.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OtherInstallation {
    /// Its workspace or organisation, for the log.
    pub(crate) team: Option<String>,
}

/// Refuses a payload that is meant for another installation, and says whether its user is from our
/// workspace. All installations of a distributed app share the signing secret. A payload that passes
/// while our workspace is not known is checked again before it is decided, see [`super::unchecked`].
pub(crate) fn check_installation(
    ours: &Installation,
    context: &PayloadContext<'_>,
) -> Result<Membership, OtherInstallation> {
    let our_team = match &ours.team {
        Team::Known(team) => team.as_str(),
        Team::Pending | Team::NoToken | Team::Unreported => return Ok(Membership::Ours),
    };
    if !is_ours(ours, our_team, context) {
        return Err(OtherInstallation {
            team: context.team.or(context.enterprise).map(str::to_owned),
        });
    }
    Ok(membership(ours, our_team, context))
}

fn is_ours(ours: &Installation, our_team: &str, context: &PayloadContext<'_>) -> bool {
    let others = [&ours.enterprise, &ours.bot_user, &ours.bot];
    let our_id = |id: &str| id == our_team || others.iter().any(|own| own.as_deref() == Some(id));
    let names_none = context.team.is_none() && context.enterprise.is_none();
    context.is_shared
        || (names_none && ours.enterprise.is_none())
        || context.installed.iter().any(|id| our_id(id))
        || context.team.is_some_and(our_id)
        || context.enterprise.is_some_and(our_id)
}

fn membership(ours: &Installation, our_team: &str, context: &PayloadContext<'_>) -> Membership {
    let Some(team) = context.user_team.or(context.team) else {
        return Membership::Ours;
    };
    // The organisation is the user's only where both fields describe one workspace.
    let differs = context
        .user_team
        .is_some_and(|user_team| context.team.is_some_and(|team| team != user_team));
    let enterprise = context.enterprise.filter(|_| !differs);
    let organisation = ours.organisation.as_deref();
    if team == our_team || (enterprise.is_some() && enterprise == organisation) {
        return Membership::Ours;
    }
    Membership::Outsider
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Installation {
        Installation {
            team: Team::Known("T1".into()),
            enterprise: None,
            organisation: None,
            bot_user: Some("UBOT".into()),
            bot: Some("BBOT".into()),
        }
    }

    fn org() -> Installation {
        Installation {
            team: Team::Known("E1".into()),
            enterprise: Some("E1".into()),
            organisation: Some("E1".into()),
            ..ours()
        }
    }

    fn in_org_of_one_workspace() -> Installation {
        Installation {
            organisation: Some("E1".into()),
            ..ours()
        }
    }

    #[test]
    fn the_installation_and_the_workspace_of_the_user_are_two_questions() {
        use Membership::{Ours, Outsider};
        let context = PayloadContext::default;
        let table: Vec<(&str, Installation, PayloadContext<'_>, Option<Membership>)> = vec![
            ("nothing is said", ours(), context(), Some(Ours)),
            (
                "our team",
                ours(),
                PayloadContext {
                    team: Some("T1"),
                    ..context()
                },
                Some(Ours),
            ),
            (
                "another team",
                ours(),
                PayloadContext {
                    team: Some("T2"),
                    ..context()
                },
                None,
            ),
            (
                "a partner's event, by our authorization",
                ours(),
                PayloadContext {
                    team: Some("T2"),
                    installed: vec!["T1"],
                    ..context()
                },
                Some(Outsider),
            ),
            (
                "our user's event that names the partner's organisation",
                ours(),
                PayloadContext {
                    team: Some("T1"),
                    enterprise: Some("E2"),
                    installed: vec!["T1"],
                    ..context()
                },
                Some(Ours),
            ),
            (
                "a partner's event, by the partner's own installation",
                ours(),
                PayloadContext {
                    team: Some("T2"),
                    installed: vec!["T2"],
                    ..context()
                },
                None,
            ),
            (
                "an authorization that names our bot alone",
                ours(),
                PayloadContext {
                    team: Some("T2"),
                    installed: vec!["UBOT"],
                    ..context()
                },
                Some(Outsider),
            ),
            (
                "a partner's command in a shared channel",
                ours(),
                PayloadContext {
                    team: Some("T2"),
                    is_shared: true,
                    ..context()
                },
                Some(Outsider),
            ),
            (
                "a partner's click, whose team is ours",
                ours(),
                PayloadContext {
                    team: Some("T1"),
                    user_team: Some("T2"),
                    ..context()
                },
                Some(Outsider),
            ),
            (
                "a partner's click on our message",
                ours(),
                PayloadContext {
                    team: Some("T2"),
                    installed: vec!["BBOT"],
                    ..context()
                },
                Some(Outsider),
            ),
            (
                "a click on another app's message",
                ours(),
                PayloadContext {
                    team: Some("T2"),
                    installed: vec!["B9"],
                    ..context()
                },
                None,
            ),
            (
                "a workspace of the organisation",
                org(),
                PayloadContext {
                    team: Some("T5"),
                    enterprise: Some("E1"),
                    ..context()
                },
                Some(Ours),
            ),
            (
                "a click in it, without a team",
                org(),
                PayloadContext {
                    user_team: Some("T5"),
                    enterprise: Some("E1"),
                    ..context()
                },
                Some(Ours),
            ),
            (
                "a partner's form in it",
                org(),
                PayloadContext {
                    team: Some("T2"),
                    installed: vec!["E1"],
                    ..context()
                },
                Some(Outsider),
            ),
            (
                "another organisation",
                org(),
                PayloadContext {
                    team: Some("T2"),
                    enterprise: Some("E2"),
                    ..context()
                },
                None,
            ),
            ("no organisation", org(), context(), None),
            (
                "a sister workspace, into which the app is not installed",
                in_org_of_one_workspace(),
                PayloadContext {
                    team: Some("T5"),
                    enterprise: Some("E1"),
                    ..context()
                },
                None,
            ),
            (
                "its user in a channel that both share",
                in_org_of_one_workspace(),
                PayloadContext {
                    team: Some("T5"),
                    enterprise: Some("E1"),
                    installed: vec!["T1", "E1"],
                    ..context()
                },
                Some(Ours),
            ),
        ];
        for (what, ours, context, expected) in table {
            assert_eq!(check_installation(&ours, &context).ok(), expected, "{what}");
        }
    }

    #[test]
    fn everything_passes_until_our_workspace_is_known() {
        for team in [Team::Pending, Team::NoToken, Team::Unreported] {
            let ours = Installation {
                team,
                ..Installation::default()
            };
            let other = PayloadContext {
                team: Some("T2"),
                ..PayloadContext::default()
            };
            assert_eq!(check_installation(&ours, &other), Ok(Membership::Ours));
        }
    }
}
