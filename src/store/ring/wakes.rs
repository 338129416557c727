//! Hints within a process that there is work. Nothing relies on them: every loop polls each second as well.

use crate::domain::effect::Provider;
use tokio::sync::Notify;

#[derive(Debug, Default)]
pub struct Wakes {
    /// A signal may be due.
    pub inbox: Notify,
    outbox: [Notify; Provider::ALL.len()],
    /// An effect for which a person waits may be due.
    pub urgent: Notify,
}

impl Wakes {
    /// An effect of this provider may be due.
    pub fn outbox(&self, provider: Provider) -> &Notify {
        &self.outbox[provider as usize]
    }
}
