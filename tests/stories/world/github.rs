//! GitHub in a story: the App is installed on `acme`, which has the repository `acme/api`.

use super::World;
use simulator::{APP_KEY, GitHub};

impl World {
    /// A world with the App's credentials. Webhooks wait for [`World::settle_with_github`].
    pub async fn with_github(config: &str, variables: &[(&str, &str)]) -> Self {
        Self::made(config, variables, true).await
    }

    pub fn github(&self) -> GitHub {
        self.slack.github()
    }

    /// Settles, with the webhooks that GitHub sends meanwhile.
    pub async fn settle_with_github(&mut self) {
        self.settle().await;
        while !self.github().waiting_webhooks().is_empty() {
            self.github().deliver_webhooks().await;
            self.settle().await;
        }
    }
}

/// Installs the App; the variables with which it is used.
pub fn installed(github: &GitHub) -> Vec<(String, String)> {
    github.behave(|behaviour| behaviour.hold_webhooks = true);
    github.install("acme");
    github.rearrange_webhooks(Vec::clear);
    github.add_repository("acme/api");
    let variables = [
        ("GITHUB_API_URL", github.api_url()),
        ("GITHUB_APP_ID", github.app_id().to_string()),
        ("GITHUB_APP_PRIVATE_KEY", APP_KEY.to_owned()),
    ];
    let named = variables.map(|(name, value)| (name.to_owned(), value));
    named.into()
}
