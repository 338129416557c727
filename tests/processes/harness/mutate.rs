//! Bodies gone wrong: seeded mutations of real ones, so that a failure can be told again.
//!
//! Bytes are flipped, cut, doubled and moved; values are exchanged for those that break readers:
//! zero bytes, unpaired surrogates, numbers without end, brackets without end.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;

/// What is put where it does not belong; as it is written in JSON and in forms.
const ODD: &[&str] = &[
    "\0",
    "%00",
    "\\u0000",
    "\\ud800",
    "\\udc00\\ud800",
    "%ff%fe",
    "\u{202e}",
    "🚒",
    "%F0%9F",
    "%ZZ",
    "&",
    "=",
    "&&==",
    "+",
    ";",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "-0.0",
    "99999999999999999999999",
    "[]",
    "{}",
    "[[",
    "}}",
    "\"",
    "\\",
    "\n",
    "\r\n",
    "<!channel>",
    "<@U0ADA>",
    "&amp;lt;",
    "#1",
    "#99999999999999999999",
    "declare",
    "P1",
    "payload=",
    "command=",
    "' or 1=1 --",
    "C0OPS",
    "U0NOBODY",
    "../..",
    "${HOME}",
];

/// A source of mutations.
pub struct Mutator(StdRng);

impl Mutator {
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        all.choose(&mut self.0).expect("there are some")
    }

    /// A body with one to four mutations.
    pub fn bytes(&mut self, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        for _ in 0..self.0.random_range(1..=4) {
            self.once(&mut body);
        }
        body
    }

    fn once(&mut self, body: &mut Vec<u8>) {
        let at = self.0.random_range(0..=body.len());
        let length = self.0.random_range(1..=40).min(body.len() - at);
        match self.0.random_range(0..9) {
            0 if at < body.len() => body[at] ^= 1 << self.0.random_range(0..8),
            1 => drop(body.drain(at..at + length)),
            2 => body.truncate(at),
            3 => {
                let again = body[at..at + length].to_vec();
                body.splice(at..at, again);
            }
            4 => {
                let many = self.0.random_range(1..400);
                let odd = self
                    .one_of(&["[", "{\"a\":", "(", "a", "%25", "é"])
                    .repeat(many * 20);
                body.splice(at..at, odd.into_bytes());
            }
            5 => {
                let byte: u8 = self.0.random();
                body.insert(at, byte);
            }
            _ => {
                let odd = *self.one_of(ODD);
                body.splice(at..at + length.min(8), odd.bytes());
            }
        }
    }

    /// JSON that is still JSON: one to three of its values are others, or gone.
    pub fn json(&mut self, value: &Value) -> Value {
        let mut value = value.clone();
        for _ in 0..self.0.random_range(1..=3) {
            let mut places = Vec::new();
            pointers(&value, String::new(), &mut places);
            let place = self.one_of(&places).clone();
            let other = self.odd_value();
            if let Some(found) = value.pointer_mut(&place) {
                *found = other;
            }
        }
        value
    }

    fn odd_value(&mut self) -> Value {
        let long = self.0.random_range(100..6000);
        match self.0.random_range(0..10) {
            0 => Value::Null,
            1 => Value::Bool(true),
            2 => (-1).into(),
            3 => u64::MAX.into(),
            4 => Value::Array(vec![]),
            5 => serde_json::json!({"id": {"id": []}}),
            6 => "".into(),
            7 => "x".repeat(long).into(),
            8 => "\u{0}\u{feff}\u{202e}".into(),
            _ => (*self.one_of(ODD)).into(),
        }
    }
}

fn pointers(value: &Value, at: String, all: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                pointers(inner, format!("{at}/{key}"), all);
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                pointers(inner, format!("{at}/{index}"), all);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    all.push(at);
}
