//! Which installation of the app a payload is meant for, and whether its user is from our workspace.
//!
//! These are two questions. In a Slack Connect channel a user of a partner acts, and a payload names the
//! partner's workspace where it otherwise names ours; the installation is then named by
//! `authorizations`, by `view.app_installed_team_id`, or by the bot's message that was clicked. An app
//! that is installed in a whole organisation has one installation and many workspaces.

use super::address::Addressed;
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

/// Our workspace.
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

/// An installation that a payload names.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Authorization<'a> {
    pub(crate) team: Option<&'a str>,
    pub(crate) enterprise: Option<&'a str>,
    pub(crate) bot_user: Option<&'a str>,
}

impl<'a> Authorization<'a> {
    pub(crate) fn of_team(team: &'a str) -> Self {
        Self {
            team: Some(team),
            ..Self::default()
        }
    }
}

/// What a payload says about its origin.
#[derive(Debug, Default)]
pub(crate) struct PayloadContext<'a> {
    /// The installations that it names as such.
    pub(crate) authorizations: Vec<Authorization<'a>>,
    /// The workspace and the organisation that it names without saying whose they are.
    pub(crate) team: Option<&'a str>,
    pub(crate) enterprise: Option<&'a str>,
    /// The user's workspace, where it is a separate field.
    pub(crate) user_team: Option<&'a str>,
    /// Whether it comes from a Slack Connect channel, and names no installation.
    pub(crate) is_shared: bool,
    /// Who posted the message or opened the modal: a bot, or a bot's user.
    pub(crate) authors: [Option<&'a str>; 3],
}

/// Refuses a payload that is meant for another installation, and says whether its user is from our
/// workspace. All installations of a distributed app share the signing secret. A payload that passes
/// while our workspace is not known is checked again before it is decided, see [`super::unchecked`].
pub(crate) fn check_installation(
    ours: &Installation,
    context: &PayloadContext<'_>,
) -> Result<Membership, Addressed> {
    let our_team = match &ours.team {
        Team::Known(team) => team.as_str(),
        Team::Pending | Team::NoToken | Team::Unreported => return Ok(Membership::Ours),
    };
    if !is_ours(ours, our_team, context) {
        return Err(Addressed::OtherInstallation {
            team: context.team.or(context.enterprise).map(str::to_owned),
        });
    }
    Ok(membership(ours, our_team, context))
}

fn is_ours(ours: &Installation, our_team: &str, context: &PayloadContext<'_>) -> bool {
    let same = |theirs: Option<&str>, ours: Option<&str>| theirs.is_some() && theirs == ours;
    let our_enterprise = ours.enterprise.as_deref();
    let is_authorized = context.authorizations.iter().any(|authorization| {
        authorization.team == Some(our_team)
            || same(authorization.enterprise, our_enterprise)
            || same(authorization.bot_user, ours.bot_user.as_deref())
    });
    let is_named = context.team == Some(our_team)
        || same(context.enterprise, our_enterprise)
        || (context.team.is_none() && context.enterprise.is_none() && our_enterprise.is_none());
    let is_on_ours = context.authors.iter().any(|author| {
        same(*author, ours.bot.as_deref()) || same(*author, ours.bot_user.as_deref())
    });
    is_authorized || is_named || is_on_ours || context.is_shared
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

    fn installed<'a>(team: Option<&'a str>, enterprise: Option<&'a str>) -> Vec<Authorization<'a>> {
        let bot_user = None;
        vec![Authorization {
            team,
            enterprise,
            bot_user,
        }]
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
                    authorizations: installed(Some("T1"), None),
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
                    authorizations: installed(Some("T1"), None),
                    ..context()
                },
                Some(Ours),
            ),
            (
                "a partner's event, by the partner's own installation",
                ours(),
                PayloadContext {
                    team: Some("T2"),
                    authorizations: installed(Some("T2"), None),
                    ..context()
                },
                None,
            ),
            (
                "an authorization that names our bot alone",
                ours(),
                PayloadContext {
                    team: Some("T2"),
                    authorizations: vec![Authorization {
                        bot_user: Some("UBOT"),
                        ..Authorization::default()
                    }],
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
                    authors: [Some("BBOT"), None, None],
                    ..context()
                },
                Some(Outsider),
            ),
            (
                "a click on another app's message",
                ours(),
                PayloadContext {
                    team: Some("T2"),
                    authors: [Some("B9"), None, None],
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
                    authorizations: installed(None, Some("E1")),
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
                    authorizations: installed(Some("T1"), Some("E1")),
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
