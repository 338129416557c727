//! The one place of the tests where real time passes.
//!
//! Real processes live in real time: a fault must last a moment before it is lifted, and a state of
//! another process can only be asked for again and again. A test that waits here waits between two
//! looks, or lets a fault last; never in the hope that something has happened by then.

use std::time::Duration;

/// Lets a moment pass.
pub async fn pass(moment: Duration) {
    tokio::time::sleep(moment).await;
}
