//! The memory that the bodies of all requests share: 64 MiB, of which one client address may use half.
//!
//! The total counts bytes that have arrived: announcing a length reserves nothing. When it is used up, one
//! body at a time may exceed it; otherwise bodies that each have a part and wait for the rest would wait for
//! one another. For the same reason a body reserves its whole announced length of its address's half at
//! once. Of the bodies that wait for it, the newest one that
//! fits is next: a small body does not wait for a large one, nor a signed one for all the slow ones before
//! it. All addresses over their request limit share the half of one address.

use super::body::SHARE;
use super::limit::network_of;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

/// What all bodies may hold together, beyond a share each: 64 MiB.
const SHARES: usize = 64 * 1024 * 1024 / SHARE;
/// What those of one address may: 32 MiB, more than the largest body.
const SHARES_OF_AN_ADDRESS: usize = SHARES / 2;
/// In place of each address that is over its limit.
pub(super) const OVER_THE_LIMIT: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

#[derive(Debug)]
pub(crate) struct Allowance {
    shares: Semaphore,
    /// For the one body that goes on while the shares are used up.
    over: Semaphore,
    addresses: Mutex<HashMap<IpAddr, Address>>,
    next_ticket: AtomicU64,
    freed: Notify,
    /// Bodies that wait for a share.
    waiting: AtomicUsize,
}

/// What the bodies of one address reserve.
#[derive(Debug, Default)]
struct Address {
    /// Shares that are reserved.
    reserved: usize,
    /// The tickets of the bodies that wait, the newest last, and how many shares each wants.
    waiting: Vec<(u64, usize)>,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            shares: Semaphore::new(SHARES),
            over: Semaphore::new(1),
            addresses: Mutex::default(),
            next_ticket: AtomicU64::new(0),
            freed: Notify::new(),
            waiting: AtomicUsize::new(0),
        }
    }
}

impl Allowance {
    /// The shares of a new body of `client`. `length` is its announced length, or the maximum.
    pub(super) fn reservation(&self, client: IpAddr, length: usize) -> Reservation<'_> {
        Reservation {
            allowance: self,
            client: network_of(client),
            length,
            ticket: None,
            reserved: 0,
            shares: 0,
            permits: Vec::new(),
            over: false,
            waits: false,
        }
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<IpAddr, Address>> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves what this ticket wants, unless it does not fit or a newer one that fits waits.
    fn reserve_now(&self, client: IpAddr, ticket: u64) -> bool {
        let mut addresses = self.addresses();
        let Some(own) = addresses.get_mut(&client) else {
            return false;
        };
        let free = SHARES_OF_AN_ADDRESS.saturating_sub(own.reserved);
        let next = own.waiting.iter().rposition(|(_, wanted)| *wanted <= free);
        let next = next.filter(|at| own.waiting[*at].0 == ticket);
        if let Some(at) = next {
            own.reserved += own.waiting.remove(at).1;
        }
        next.is_some()
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

/// The shares of one body, released when it is dropped.
#[derive(Debug)]
pub(crate) struct Reservation<'a> {
    allowance: &'a Allowance,
    client: IpAddr,
    length: usize,
    /// While it waits for its address's shares.
    ticket: Option<u64>,
    reserved: usize,
    shares: usize,
    permits: Vec<SemaphorePermit<'a>>,
    over: bool,
    waits: bool,
}

impl Reservation<'_> {
    /// Waits until so many bytes may be held.
    pub(super) async fn grow(&mut self, bytes: usize) {
        let needed = bytes.div_ceil(SHARE).saturating_sub(1);
        let missing = needed.saturating_sub(self.shares);
        if missing == 0 || self.over {
            return;
        }
        self.wait(true);
        if self.reserved == 0 {
            self.reserve(self.length.max(bytes).div_ceil(SHARE) - 1)
                .await;
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

    async fn reserve(&mut self, shares: usize) {
        let allowance = self.allowance;
        let ticket = self.ticket.unwrap_or_else(|| {
            let ticket = allowance.next_ticket.fetch_add(1, Ordering::Relaxed);
            let mut addresses = allowance.addresses();
            let own = addresses.entry(self.client).or_default();
            own.waiting.push((ticket, shares));
            ticket
        });
        self.ticket = Some(ticket);
        loop {
            let mut freed = std::pin::pin!(allowance.freed.notified());
            freed.as_mut().enable();
            if allowance.reserve_now(self.client, ticket) {
                break;
            }
            freed.await;
        }
        (self.ticket, self.reserved) = (None, shares);
        // What is left may be enough for an older one.
        allowance.freed.notify_waiters();
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

    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// Whether another body waits for one.
    pub(super) fn others_wait(&self) -> bool {
        self.allowance.waiting.load(Ordering::Relaxed) > usize::from(self.waits)
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.wait(false);
        if self.reserved == 0 && self.ticket.is_none() {
            return;
        }
        {
            let mut addresses = self.allowance.addresses();
            if let Some(own) = addresses.get_mut(&self.client) {
                own.reserved = own.reserved.saturating_sub(self.reserved);
                own.waiting
                    .retain(|(ticket, _)| Some(*ticket) != self.ticket);
                if own.reserved == 0 && own.waiting.is_empty() {
                    addresses.remove(&self.client);
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
    async fn one_address_has_half_and_a_small_body_waits_for_no_large_one() {
        let allowance = Allowance::default();
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let one = ip("192.0.2.1");
        let mut first = allowance.reservation(one, 25 * MIB);
        first.grow(2 * SHARE).await;
        let mut second = allowance.reservation(one, 25 * MIB);
        assert!(second.grow(2 * SHARE).now_or_never().is_none(), "it waits");
        assert!(second.waits() && first.others_wait());
        let mut small = allowance.reservation(one, MIB);
        assert!(small.grow(MIB).now_or_never().is_some());
        let mut other = allowance.reservation(ip("192.0.2.2"), 25 * MIB);
        assert!(other.grow(25 * MIB).now_or_never().is_some());
        drop(first);
        assert!(second.grow(2 * SHARE).now_or_never().is_some());
        assert!(!other.others_wait());
        drop((second, small, other));
        assert!(allowance.addresses().is_empty());
        assert_eq!(allowance.free_shares(), SHARES);
    }

    #[tokio::test]
    async fn the_newest_of_those_that_wait_is_next() {
        let allowance = Allowance::default();
        let client = IpAddr::from([192, 0, 2, 1]);
        let mut first = allowance.reservation(client, 25 * MIB);
        first.grow(2 * SHARE).await;
        let (mut second, mut third) = (
            allowance.reservation(client, 25 * MIB),
            allowance.reservation(client, 25 * MIB),
        );
        let mut fourth = allowance.reservation(client, 25 * MIB);
        let mut older = Box::pin(second.grow(2 * SHARE));
        let mut newer = Box::pin(third.grow(2 * SHARE));
        assert!((&mut older).now_or_never().is_none());
        assert!((&mut newer).now_or_never().is_none());
        // One that gives up delays no other.
        assert!(fourth.grow(2 * SHARE).now_or_never().is_none());
        drop((fourth, first));
        assert!((&mut older).now_or_never().is_none());
        assert!((&mut newer).now_or_never().is_some());
        drop(newer);
        drop(third);
        assert!((&mut older).now_or_never().is_some());
    }
}
