//! Whose an arrival is: by which installation it came to us, and whose workspace its person is of.
//!
//! These are two things. In a channel of Slack Connect a partner's person acts, and Slack names the
//! partner's workspace where it names one of ours elsewhere; the installation is then said by
//! `authorizations`, by `view.app_installed_team_id`, or by the message of ours that was pressed.
//! An app that an organisation installed for all of its workspaces has one installation and many
//! workspaces.

use super::address::Address;
use crate::domain::act::Membership;

/// Who we are, as far as `auth.test` has said yet: to know our own messages and our own team.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ourselves {
    /// The workspace.
    pub team: Team,
    /// The organisation, when the app is installed in all of it.
    pub enterprise: Option<String>,
    /// The organisation that the workspace is part of, however the app is installed.
    pub organisation: Option<String>,
    /// The bot's user.
    pub user: Option<String>,
    /// The bot.
    pub bot: Option<String>,
}

/// Our workspace, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Team {
    /// Slack has not said yet.
    #[default]
    NotYet,
    /// There is no token, so it will never say: whatever comes in is refused.
    NoToken,
    /// What stands in for Slack does not say such things: everything passes.
    Untold,
    /// This one.
    Known(String),
}

/// An installation that Slack names.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Installation<'a> {
    pub(crate) team: Option<&'a str>,
    pub(crate) enterprise: Option<&'a str>,
    pub(crate) bot_user: Option<&'a str>,
}

/// What an arrival says of itself.
#[derive(Debug, Default)]
pub(crate) struct Says<'a> {
    /// The installations that it names as such.
    pub(crate) installations: Vec<Installation<'a>>,
    /// The workspace and the organisation that it names without saying whose.
    pub(crate) team: Option<&'a str>,
    pub(crate) enterprise: Option<&'a str>,
    /// The workspace of its person, where it is named apart.
    pub(crate) person_team: Option<&'a str>,
    /// Whether it happened in a channel that is shared with others, and names no installation.
    pub(crate) shared: bool,
    /// Who wrote the message or opened the form that it happened in: a bot, or a bot's user.
    pub(crate) authors: [Option<&'a str>; 3],
}

/// Whether an arrival is ours, and whose its person is. Another installation knows the secret too
/// when the app is distributed: what came by it is none of ours. What passes while we do not know
/// is asked again before it is decided, see [`super::unchecked`].
pub(crate) fn whose(ours: &Ourselves, says: &Says<'_>) -> Result<Membership, Address> {
    let our_team = match &ours.team {
        Team::Known(team) => team.as_str(),
        Team::NotYet | Team::NoToken | Team::Untold => return Ok(Membership::Ours),
    };
    if !is_ours(ours, our_team, says) {
        return Err(Address::Foreign {
            team: says.team.or(says.enterprise).map(str::to_owned),
        });
    }
    Ok(membership(ours, our_team, says))
}

fn is_ours(ours: &Ourselves, our_team: &str, says: &Says<'_>) -> bool {
    let same = |theirs: Option<&str>, ours: Option<&str>| theirs.is_some() && theirs == ours;
    let our_enterprise = ours.enterprise.as_deref();
    let named = says.installations.iter().any(|installation| {
        installation.team == Some(our_team)
            || same(installation.enterprise, our_enterprise)
            || same(installation.bot_user, ours.user.as_deref())
    });
    let told = says.team == Some(our_team)
        || same(says.enterprise, our_enterprise)
        || (says.team.is_none() && says.enterprise.is_none() && our_enterprise.is_none());
    let on_ours = says
        .authors
        .iter()
        .any(|author| same(*author, ours.bot.as_deref()) || same(*author, ours.user.as_deref()));
    named || told || on_ours || says.shared
}

fn membership(ours: &Ourselves, our_team: &str, says: &Says<'_>) -> Membership {
    let Some(team) = says.person_team.or(says.team) else {
        return Membership::Ours;
    };
    // The organisation is the person's own only where both are said of one workspace.
    let apart = says.person_team.is_some() && says.team.is_some() && says.person_team != says.team;
    let enterprise = says.enterprise.filter(|_| !apart);
    let organisation = ours.organisation.as_deref();
    if team == our_team || (enterprise.is_some() && enterprise == organisation) {
        return Membership::Ours;
    }
    Membership::Outsider
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Ourselves {
        Ourselves {
            team: Team::Known("T1".into()),
            enterprise: None,
            organisation: None,
            user: Some("UBOT".into()),
            bot: Some("BBOT".into()),
        }
    }

    fn org() -> Ourselves {
        Ourselves {
            team: Team::Known("E1".into()),
            enterprise: Some("E1".into()),
            organisation: Some("E1".into()),
            ..ours()
        }
    }

    fn in_org_of_one_workspace() -> Ourselves {
        Ourselves {
            organisation: Some("E1".into()),
            ..ours()
        }
    }

    fn installed<'a>(team: Option<&'a str>, enterprise: Option<&'a str>) -> Vec<Installation<'a>> {
        let bot_user = None;
        vec![Installation {
            team,
            enterprise,
            bot_user,
        }]
    }

    #[test]
    fn the_installation_and_the_persons_workspace_are_told_apart() {
        use Membership::{Ours, Outsider};
        let says = Says::default;
        let table: Vec<(&str, Ourselves, Says<'_>, Option<Membership>)> = vec![
            ("nothing is said", ours(), says(), Some(Ours)),
            (
                "our team",
                ours(),
                Says {
                    team: Some("T1"),
                    ..says()
                },
                Some(Ours),
            ),
            (
                "another team",
                ours(),
                Says {
                    team: Some("T2"),
                    ..says()
                },
                None,
            ),
            (
                "a partner's event, by our authorization",
                ours(),
                Says {
                    team: Some("T2"),
                    installations: installed(Some("T1"), None),
                    ..says()
                },
                Some(Outsider),
            ),
            (
                "our person's event that names the partner's organisation",
                ours(),
                Says {
                    team: Some("T1"),
                    enterprise: Some("E2"),
                    installations: installed(Some("T1"), None),
                    ..says()
                },
                Some(Ours),
            ),
            (
                "a partner's event, by the partner's own installation",
                ours(),
                Says {
                    team: Some("T2"),
                    installations: installed(Some("T2"), None),
                    ..says()
                },
                None,
            ),
            (
                "an authorization that names our bot alone",
                ours(),
                Says {
                    team: Some("T2"),
                    installations: vec![Installation {
                        bot_user: Some("UBOT"),
                        ..Installation::default()
                    }],
                    ..says()
                },
                Some(Outsider),
            ),
            (
                "a partner's words in a shared channel",
                ours(),
                Says {
                    team: Some("T2"),
                    shared: true,
                    ..says()
                },
                Some(Outsider),
            ),
            (
                "a partner's press, whose team is ours",
                ours(),
                Says {
                    team: Some("T1"),
                    person_team: Some("T2"),
                    ..says()
                },
                Some(Outsider),
            ),
            (
                "a partner's press on our message",
                ours(),
                Says {
                    team: Some("T2"),
                    authors: [Some("BBOT"), None, None],
                    ..says()
                },
                Some(Outsider),
            ),
            (
                "a press on another app's message",
                ours(),
                Says {
                    team: Some("T2"),
                    authors: [Some("B9"), None, None],
                    ..says()
                },
                None,
            ),
            (
                "a workspace of the organisation",
                org(),
                Says {
                    team: Some("T5"),
                    enterprise: Some("E1"),
                    ..says()
                },
                Some(Ours),
            ),
            (
                "a press in it, without a team",
                org(),
                Says {
                    person_team: Some("T5"),
                    enterprise: Some("E1"),
                    ..says()
                },
                Some(Ours),
            ),
            (
                "a partner's form in it",
                org(),
                Says {
                    team: Some("T2"),
                    installations: installed(None, Some("E1")),
                    ..says()
                },
                Some(Outsider),
            ),
            (
                "another organisation",
                org(),
                Says {
                    team: Some("T2"),
                    enterprise: Some("E2"),
                    ..says()
                },
                None,
            ),
            ("no organisation", org(), says(), None),
            (
                "a sister workspace, into which the app is not installed",
                in_org_of_one_workspace(),
                Says {
                    team: Some("T5"),
                    enterprise: Some("E1"),
                    ..says()
                },
                None,
            ),
            (
                "its person in a channel that both share",
                in_org_of_one_workspace(),
                Says {
                    team: Some("T5"),
                    enterprise: Some("E1"),
                    installations: installed(Some("T1"), Some("E1")),
                    ..says()
                },
                Some(Ours),
            ),
        ];
        for (what, ours, says, expected) in table {
            assert_eq!(whose(&ours, &says).ok(), expected, "{what}");
        }
    }

    #[test]
    fn everything_passes_until_slack_has_said_who_we_are() {
        for team in [Team::NotYet, Team::NoToken, Team::Untold] {
            let ours = Ourselves {
                team,
                ..Ourselves::default()
            };
            let foreign = Says {
                team: Some("T2"),
                ..Says::default()
            };
            assert_eq!(whose(&ours, &foreign), Ok(Membership::Ours));
        }
    }
}
