//! Reads a tree against a schema: every problem is reported at its place, and what is right becomes a
//! value that `serde` takes without an error.
//!
//! One mistake does not hide the next: what is wrong is left out and the rest is read. A key without a
//! value counts as absent. A message never quotes what a variable held.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::problem::{Findings, Place, nearest, short};
use super::schema::{CALLED, LATER, resolved, words};
use super::shapes::shape;
use super::single::single;
use super::yaml::{Key, Kind, Node};

/// A value of the tree and its place: a map's entry is found by its key, an item by itself.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'n> {
    pub place: &'n Place,
    pub node: &'n Node,
}

/// One step further into a JSON pointer.
pub(crate) fn step(path: &str, key: &str) -> String {
    format!("{path}/{}", key.replace('/', "~1"))
}

/// What was read, and where each part of it was written.
pub(crate) struct Read<'n> {
    pub value: Option<Value>,
    /// By JSON pointer, as in `/templates/3/service`: indices and keys of `value`.
    pub spots: HashMap<String, Spot<'n>>,
}

/// Reads the tree; `called` is what messages call the whole.
pub(crate) fn read<'n>(node: &'n Node, root: &Value, called: &str, found: &Findings) -> Read<'n> {
    let mut reader = Reader {
        root,
        found,
        spots: HashMap::new(),
    };
    let place = &node.place;
    let value = reader.value(Spot { place, node }, root, called, "");
    let spots = reader.spots;
    Read { value, spots }
}

impl Read<'_> {
    /// The typed value. The schema has been made from the same type, so that this does not fail.
    pub(crate) fn typed<T: DeserializeOwned + Default>(
        &mut self,
        place: &Place,
        found: &Findings,
    ) -> T {
        let value = self.value.take().unwrap_or_default();
        // The error is not shown: it quotes values, and a value may come from a secret variable.
        serde_json::from_value(value).unwrap_or_else(|_| {
            let hint = "this is a mistake in Wardroom: report it with the file's keys";
            found.error(place, UNTYPED, hint);
            T::default()
        })
    }
}

/// The schema and its type differ, which no file can bring about.
pub(crate) const UNTYPED: &str = "the file fits its schema and cannot be read";

/// The hint that names the nearest of the known names.
pub(crate) fn near(typed: &str, known: &[&str]) -> Option<String> {
    nearest(typed, known).map(|near| format!("did you mean `{near}`?"))
}

struct Reader<'n, 'r> {
    root: &'r Value,
    found: &'r Findings,
    spots: HashMap<String, Spot<'n>>,
}

impl<'n> Reader<'n, '_> {
    fn value(&mut self, spot: Spot<'n>, schema: &Value, name: &str, path: &str) -> Option<Value> {
        let schema = resolved(self.root, schema);
        match (schema["type"].as_str(), &spot.node.kind) {
            (Some("object"), _) => self.map(spot, schema, name, path),
            (Some("array"), _) => Some(self.list(spot.node, schema, name, path)),
            // A part that is not built yet.
            (None, _) if words(schema).is_empty() => None,
            (_, Kind::Scalar(scalar)) => {
                let read = single(scalar, &spot.node.place, schema, name, self.found);
                let refuse = |(message, hint): (String, String)| {
                    self.found.error(&spot.node.place, message, hint);
                };
                read.map_err(refuse).ok()
            }
            (_, Kind::Null | Kind::List(_) | Kind::Map(_)) => {
                self.wrong(spot.node, name, "a single value", "write one value");
                None
            }
        }
    }

    fn map(&mut self, spot: Spot<'n>, schema: &Value, name: &str, path: &str) -> Option<Value> {
        let entries: &'n [(Key, Node)] = match &spot.node.kind {
            Kind::Map(entries) => entries,
            Kind::Null => &[],
            Kind::Scalar(_) | Kind::List(_) => {
                let hint = "write `key: value` lines below it";
                self.wrong(spot.node, name, "a map", hint);
                &[]
            }
        };
        let none = Map::new();
        let known = schema["properties"].as_object().unwrap_or(&none);
        let free = Some(&schema["additionalProperties"]).filter(|free| free.is_object());
        let mut read = Map::new();
        for (key, node) in entries {
            let own = known.get(&key.name);
            let Some(of_value) = own.or(free) else {
                self.unknown(key, known, name);
                continue;
            };
            if own.is_some() && matches!(node.kind, Kind::Null) {
                continue;
            }
            let fits = self.key_fits(key, &schema["propertyNames"]);
            if of_value[LATER] == true {
                let message = format!("`{}` has no effect yet", key.name);
                let hint = "the part that would use it is not built";
                self.found.warning(&key.place, message, hint);
            }
            let (path, place) = (step(path, &key.name), &key.place);
            let name = self.name_of(of_value, name, Some(&key.name));
            self.spots.insert(path.clone(), Spot { place, node });
            let value = self.value(Spot { place, node }, of_value, &name, &path);
            if let Some(value) = value.filter(|_| fits) {
                read.insert(key.name.clone(), value);
            }
        }
        let mut whole = true;
        for required in schema["required"].as_array().into_iter().flatten() {
            let required = required.as_str().unwrap_or_default();
            let there = |(key, node): &(Key, Node)| {
                key.name == required && !matches!(node.kind, Kind::Null)
            };
            if !entries.iter().any(there) {
                let message = format!("{name} needs `{required}`");
                let hint = format!("add a line `{required}: …`");
                self.found.error(spot.place, message, hint);
            }
            whole &= read.contains_key(required);
        }
        whole.then(|| read.into())
    }

    fn unknown(&self, key: &Key, known: &Map<String, Value>, name: &str) {
        let known: Vec<&str> = known.keys().map(String::as_str).collect();
        let message = format!("unknown key `{}` in {name}", short(&key.name));
        let hint = near(&key.name, &known);
        let hint = hint.unwrap_or_else(|| format!("known here: {}", known.join(", ")));
        self.found.error(&key.place, message, hint);
    }

    fn key_fits(&self, key: &Key, schema: &Value) -> bool {
        let shape = schema["format"].as_str().and_then(shape);
        let fault = shape.and_then(|shape| shape.refused(&key.name, &key.name));
        let fits = fault.is_none();
        if let Some((message, hint)) = fault {
            self.found.error(&key.place, message, hint);
        }
        fits
    }

    fn list(&mut self, node: &'n Node, schema: &Value, name: &str, path: &str) -> Value {
        let items: &'n [Node] = match &node.kind {
            Kind::List(items) => items,
            Kind::Null => &[],
            Kind::Scalar(_) | Kind::Map(_) => {
                let hint = "write [a, b], or a line `- a` for each";
                self.wrong(node, name, "a list", hint);
                &[]
            }
        };
        let most = schema["maxItems"].as_u64().unwrap_or(u64::MAX);
        if let Some((_, node)) = (1..).zip(items).find(|(number, _)| *number > most) {
            let message = format!("{name} has more than {most} items");
            self.found.error(&node.place, message, "remove some");
        }
        let of_item = &schema["items"];
        let name = self.name_of(of_item, name, None);
        let mut read: Vec<Value> = Vec::new();
        for node in items {
            let (place, path) = (&node.place, format!("{path}/{}", read.len()));
            self.spots.insert(path.clone(), Spot { place, node });
            let Some(value) = self.value(Spot { place, node }, of_item, &name, &path) else {
                continue;
            };
            if schema["uniqueItems"] == true && read.contains(&value) {
                let message = format!("{name}: this one is in the list already");
                self.found.warning(place, message, "remove it");
            } else {
                read.push(value);
            }
        }
        read.into()
    }

    /// A map is called what its type says, an item as its list, everything else by its key.
    fn name_of(&self, schema: &Value, outer: &str, key: Option<&str>) -> String {
        let called = resolved(self.root, schema)[CALLED].as_str();
        match (called, key) {
            (Some(called), _) => called.to_owned(),
            (None, None) => outer.to_owned(),
            (None, Some(key)) if outer.starts_with("a ") => format!("{outer}'s `{key}`"),
            (None, Some(key)) => format!("`{key}`"),
        }
    }

    fn wrong(&self, node: &Node, name: &str, wanted: &str, hint: &str) {
        let is = match &node.kind {
            Kind::Null => "nothing",
            Kind::Scalar(_) => "a single value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        };
        let message = format!("{name} must be {wanted}, and this is {is}");
        self.found.error(&node.place, message, hint);
    }
}
