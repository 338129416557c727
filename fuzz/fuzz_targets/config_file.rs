#![no_main]
//! Any bytes at the door `config_file`; see `entries.rs`.

#[path = "../entries.rs"]
#[allow(dead_code)]
mod entries;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entries::config_file(bytes));
