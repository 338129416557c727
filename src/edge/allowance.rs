//! The memory that the bodies of all requests share: 64 MiB, of which one client address has half.
//!
//! In all it counts what has truly arrived: announcing a length reserves nothing of others' memory. When
//! it is used up, one body at a time may go on over it; without that, bodies that each hold a part and
//! wait for the rest would wait for one another. Of its own address's half a body reserves everything
//! that it announced at once, for the same reason, and the first one that fits goes on: a small body
//! does not stand behind a large one.

use super::body::SHARE;
use super::limit::network_of;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

/// What the bodies of all requests may hold together beyond a share each: 64 MiB.
const SHARES: usize = 64 * 1024 * 1024 / SHARE;
/// What those of one address may: 32 MiB, more than the largest body.
const SHARES_OF_AN_ADDRESS: usize = SHARES / 2;

#[derive(Debug)]
pub(crate) struct Allowance {
    shares: Semaphore,
    /// Held by the one that goes on though the shares are used up.
    over: Semaphore,
    /// Shares that are reserved, by client address.
    reserved: Mutex<HashMap<IpAddr, usize>>,
    freed: Notify,
    /// Bodies that wait for a share.
    waiting: AtomicUsize,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            shares: Semaphore::new(SHARES),
            over: Semaphore::new(1),
            reserved: Mutex::default(),
            freed: Notify::new(),
            waiting: AtomicUsize::new(0),
        }
    }
}

impl Allowance {
    /// What a body of `client` holds: nothing so far. `length` is what it announced, or the most that it
    /// may have.
    pub(super) fn held(&self, client: IpAddr, length: usize) -> Held<'_> {
        Held {
            allowance: self,
            client: network_of(client),
            length,
            reserved: 0,
            shares: 0,
            permits: Vec::new(),
            over: false,
            waits: false,
        }
    }

    fn reserved(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reserve_now(&self, client: IpAddr, shares: usize) -> bool {
        let mut all = self.reserved();
        let own = all.get(&client).copied().unwrap_or(0);
        let fits = own + shares <= SHARES_OF_AN_ADDRESS;
        if fits {
            all.insert(client, own + shares);
        }
        fits
    }

    async fn reserve(&self, client: IpAddr, shares: usize) {
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            freed.as_mut().enable();
            if self.reserve_now(client, shares) {
                return;
            }
            freed.await;
        }
    }

    #[cfg(test)]
    pub(super) fn free_shares(&self) -> usize {
        self.shares.available_permits()
    }

    #[cfg(test)]
    pub(super) async fn use_up(&self) -> SemaphorePermit<'_> {
        let all = u32::try_from(SHARES).expect("a small number");
        let taken = self.shares.acquire_many(all).await;
        taken.expect("it is never closed")
    }
}

/// What one body holds of the allowance, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    allowance: &'a Allowance,
    client: IpAddr,
    length: usize,
    reserved: usize,
    shares: usize,
    permits: Vec<SemaphorePermit<'a>>,
    over: bool,
    waits: bool,
}

impl Held<'_> {
    /// Waits until so many bytes may be held.
    pub(super) async fn grow(&mut self, bytes: usize) {
        let needed = bytes.div_ceil(SHARE).saturating_sub(1);
        let missing = needed.saturating_sub(self.shares);
        if missing == 0 || self.over {
            return;
        }
        self.wait(true);
        if self.reserved == 0 {
            let all = self.length.max(bytes).div_ceil(SHARE).saturating_sub(1);
            self.allowance.reserve(self.client, all).await;
            self.reserved = all;
        }
        let more = u32::try_from(missing).unwrap_or(u32::MAX);
        let (permit, over) = tokio::select! {
            biased;
            permit = self.allowance.shares.acquire_many(more) => (permit, false),
            permit = self.allowance.over.acquire() => (permit, true),
        };
        self.permits.extend(permit);
        self.over = over;
        self.shares = needed;
        self.wait(false);
    }

    fn wait(&mut self, waits: bool) {
        let waiting = &self.allowance.waiting;
        match (self.waits, waits) {
            (false, true) => waiting.fetch_add(1, Ordering::Relaxed),
            (true, false) => waiting.fetch_sub(1, Ordering::Relaxed),
            (true, true) | (false, false) => 0,
        };
        self.waits = waits;
    }

    /// Whether it waits for a share.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// Whether another body waits for one.
    pub(super) fn others_wait(&self) -> bool {
        self.allowance.waiting.load(Ordering::Relaxed) > usize::from(self.waits)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.wait(false);
        if self.reserved == 0 {
            return;
        }
        {
            let mut all = self.allowance.reserved();
            if let Some(own) = all.get_mut(&self.client) {
                *own = own.saturating_sub(self.reserved);
                if *own == 0 {
                    all.remove(&self.client);
                }
            }
        }
        self.allowance.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    const MIB: usize = 1024 * 1024;

    #[tokio::test]
    async fn one_address_has_half_and_a_small_body_stands_behind_no_large_one() {
        let allowance = Allowance::default();
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let one = ip("192.0.2.1");
        let mut first = allowance.held(one, 25 * MIB);
        first.grow(2 * SHARE).await;
        let mut second = allowance.held(one, 25 * MIB);
        assert!(second.grow(2 * SHARE).now_or_never().is_none(), "it waits");
        assert!(second.waits() && first.others_wait());
        let mut small = allowance.held(one, MIB);
        assert!(small.grow(MIB).now_or_never().is_some());
        let mut other = allowance.held(ip("192.0.2.2"), 25 * MIB);
        assert!(other.grow(25 * MIB).now_or_never().is_some());
        drop(first);
        assert!(second.grow(2 * SHARE).now_or_never().is_some());
        assert!(!other.others_wait());
        drop((second, small, other));
        assert!(allowance.reserved().is_empty());
        assert_eq!(allowance.free_shares(), SHARES);
    }
}
