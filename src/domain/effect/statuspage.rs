//! What can be done on a status page.

use super::{Provider, Vocabulary};
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, IntoStaticStr, VariantNames};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[strum_discriminants(
    name(Kind),
    derive(IntoStaticStr, VariantNames),
    strum(serialize_all = "snake_case")
)]
pub enum Effect {
    /// Sets a component's status.
    UpdateComponent {
        component: String,
        /// `None` until it is completed at delivery.
        #[serde(skip)]
        status: Option<ComponentStatus>,
    },
}

/// A component's status, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ComponentStatus {
    Operational,
    DegradedPerformance,
    PartialOutage,
    MajorOutage,
}

impl ComponentStatus {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Effect {
    pub fn lane(&self) -> String {
        let Self::UpdateComponent { component, .. } = self;
        format!("statuspage:{component}")
    }
}

impl Vocabulary for Effect {
    const PROVIDER: Provider = Provider::Statuspage;

    fn of(effect: &super::Effect) -> Option<&Self> {
        match effect {
            super::Effect::Statuspage(effect) => Some(effect),
            super::Effect::Slack(_) | super::Effect::Github(_) => None,
        }
    }
}
