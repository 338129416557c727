#![no_main]
//! Any bytes at the door `github_webhook`; see `entries.rs`.

#[path = "../entries.rs"]
#[allow(dead_code)]
mod entries;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entries::github_webhook(bytes));
