//! The rules that a repository has for itself: `.github/wardroom.yml` of its default branch.
//!
//! They can only narrow what the team's configuration allows, because a person who may change a repository
//! must not thereby give the bot more to do.

use super::Healing;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnRules {
    /// `wardroom: off`: nothing is written to the repository.
    pub off: bool,
    /// Each step only says what would have been done.
    pub dry_run: bool,
    pub max_reruns_per_run: Option<u32>,
    /// Names of playbooks that are not for this repository.
    pub disabled: Vec<String>,
}

impl Healing {
    /// The rules for a repository that has these of its own.
    pub fn narrowed(&self, own: &OwnRules) -> Self {
        let mut narrowed = self.clone();
        narrowed.dry_run |= own.dry_run;
        if let Some(most) = own.max_reruns_per_run {
            narrowed.max_reruns_per_run = narrowed.max_reruns_per_run.min(most);
        }
        for playbook in &mut narrowed.playbooks {
            playbook.enabled &= !own.disabled.contains(&playbook.name);
        }
        narrowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_can_narrow_and_never_widen() {
        let team = Healing {
            dry_run: true,
            max_reruns_per_run: 2,
            ..Healing::default()
        };
        for (most, wanted) in [(None, 2), (Some(0), 0), (Some(1), 1), (Some(9), 2)] {
            let own = OwnRules {
                max_reruns_per_run: most,
                ..OwnRules::default()
            };
            let narrowed = team.narrowed(&own);
            assert_eq!(narrowed.max_reruns_per_run, wanted);
            assert!(narrowed.dry_run, "its `false` does not count");
        }
        let own = OwnRules {
            disabled: vec!["cache".to_owned()],
            ..OwnRules::default()
        };
        let mut team = Healing::default();
        team.playbooks[0].enabled = false;
        let narrowed = team.narrowed(&own);
        let off = narrowed.playbooks.iter().filter(|one| !one.enabled);
        let off: Vec<&str> = off.map(|one| one.name.as_str()).collect();
        assert_eq!(off, ["infrastructure", "cache"]);
    }
}
