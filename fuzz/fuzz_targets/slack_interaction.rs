#![no_main]
//! Any bytes at the door `slack_interaction`; see `entries.rs`.

#[path = "../entries.rs"]
#[allow(dead_code)]
mod entries;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entries::slack_interaction(bytes));
