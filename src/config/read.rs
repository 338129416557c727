//! Reads a tree against a schema: every problem is reported at its place, and what is right becomes a
//! value that `serde` takes without an error.
//!
//! One mistake does not hide the next: what is wrong is left out and the rest is read. A key without a
//! value counts as absent. A message never quotes what a variable held.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::problem::{Findings, Place, nearest, short};
use super::schema::{CALLED, LATER, OR_ONE, resolved, words};
use super::shapes::{self, SERVICE, SPAN, Unit, same_name, shape};
use super::single::{Single, number, text, word};
use super::yaml::{Key, Kind, Node, Scalar};

/// Where a value of the result was written.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'n> {
    pub key: Option<&'n Key>,
    pub node: &'n Node,
}

impl<'n> Spot<'n> {
    fn entry(key: &'n Key, node: &'n Node) -> Self {
        let key = Some(key);
        Self { key, node }
    }

    /// A map's entry is found by its key, an item by itself.
    pub(crate) fn place(&self) -> &'n Place {
        self.key.map_or(&self.node.place, |key| &key.place)
    }
}

/// What messages call a value.
#[derive(Clone)]
pub(crate) struct Name {
    pub short: String,
    /// With what it belongs to.
    pub long: String,
}

impl Name {
    fn only(name: &str) -> Self {
        let (short, long) = (name.to_owned(), name.to_owned());
        Self { short, long }
    }
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
    /// Values that name a service.
    services: Vec<(String, &'n Node)>,
}

/// Reads the tree; `called` is what messages call the whole.
pub(crate) fn read<'n>(
    node: &'n Node,
    root: &Value,
    called: &str,
    found: &mut Findings,
) -> Read<'n> {
    let (spots, services) = Default::default();
    let mut reader = Reader {
        root,
        found,
        spots,
        services,
    };
    let value = reader.value(Spot { key: None, node }, root, &Name::only(called), "");
    let Reader {
        spots, services, ..
    } = reader;
    Read {
        value,
        spots,
        services,
    }
}

impl Read<'_> {
    /// The typed value. The schema has been made from the same type, so that this does not fail.
    pub(crate) fn typed<T: DeserializeOwned + Default>(
        &mut self,
        place: &Place,
        found: &mut Findings,
    ) -> T {
        let value = self.value.take().unwrap_or_default();
        // The error is not shown: it quotes values, and a value may come from a secret variable.
        serde_json::from_value(value).unwrap_or_else(|_| {
            let hint = "this is a mistake in Wardroom: report it with the file's keys";
            found.error(place, UNTYPED, hint);
            T::default()
        })
    }

    /// Every value that names a service names one of these.
    pub(crate) fn check_services(&self, known: &[&str], found: &mut Findings) {
        for (what, node) in &self.services {
            let Kind::Scalar(scalar) = &node.kind else {
                continue;
            };
            if known.iter().any(|name| same_name(name, &scalar.text)) {
                continue;
            }
            let shown = short(&scalar.written);
            let message = format!("{what}: there is no service `{shown}`");
            let hint = near(&scalar.text, known).unwrap_or("add it under services:".to_owned());
            found.error(&node.place, message, hint);
        }
    }
}

/// The schema and its type differ, which no file can bring about.
pub(crate) const UNTYPED: &str = "the file fits its schema and cannot be read";

/// The hint that names the nearest of a few names.
pub(crate) fn near(typed: &str, known: &[&str]) -> Option<String> {
    nearest(typed, known.iter().copied()).map(|near| format!("did you mean `{near}`?"))
}

struct Reader<'n, 'r> {
    root: &'r Value,
    found: &'r mut Findings,
    spots: HashMap<String, Spot<'n>>,
    services: Vec<(String, &'n Node)>,
}

impl<'n> Reader<'n, '_> {
    fn value(&mut self, spot: Spot<'n>, schema: &Value, name: &Name, path: &str) -> Option<Value> {
        let schema = resolved(self.root, schema);
        match schema["type"].as_str() {
            Some("object") => self.map(spot, schema, name, path),
            Some("array") => Some(self.list(spot.node, schema, name, path)),
            _ => self.single(spot.node, schema, name),
        }
    }

    fn map(&mut self, spot: Spot<'n>, schema: &Value, name: &Name, path: &str) -> Option<Value> {
        let entries: &'n [(Key, Node)] = match &spot.node.kind {
            Kind::Map(entries) => entries,
            Kind::Null => &[],
            Kind::Scalar(_) | Kind::List(_) => {
                self.wrong(
                    spot.node,
                    name,
                    "a map",
                    "write `key: value` lines below it",
                );
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
            let (path, spot) = (step(path, &key.name), Spot::entry(key, node));
            let name = self.name_of(of_value, name, Some(&key.name));
            self.spots.insert(path.clone(), spot);
            let value = self.value(spot, of_value, &name, &path);
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
                let message = format!("{} needs `{required}`", name.short);
                let hint = format!("add a line `{required}: …`");
                self.found.error(spot.place(), message, hint);
            }
            whole &= read.contains_key(required);
        }
        whole.then(|| read.into())
    }

    fn unknown(&mut self, key: &Key, known: &Map<String, Value>, name: &Name) {
        let known: Vec<&str> = known.keys().map(String::as_str).collect();
        let message = format!("unknown key `{}` in {}", short(&key.name), name.short);
        let hint = near(&key.name, &known);
        let hint = hint.unwrap_or_else(|| format!("known here: {}", known.join(", ")));
        self.found.error(&key.place, message, hint);
    }

    fn key_fits(&mut self, key: &Key, schema: &Value) -> bool {
        let shape = schema["format"].as_str().and_then(shape);
        let fault = shape.and_then(|shape| Some(((shape.fault)(&key.name)?, shape.hint)));
        if let Some((fault, hint)) = fault {
            let message = fault.replace("{}", &short(&key.name));
            self.found.error(&key.place, message, hint);
        }
        fault.is_none()
    }

    fn list(&mut self, node: &'n Node, schema: &Value, name: &Name, path: &str) -> Value {
        let items: &'n [Node] = match &node.kind {
            Kind::List(items) => items,
            Kind::Null => &[],
            Kind::Scalar(_) if schema[OR_ONE] == true => std::slice::from_ref(node),
            Kind::Scalar(_) | Kind::Map(_) => {
                self.wrong(
                    node,
                    name,
                    "a list",
                    "write [a, b], or a line `- a` for each",
                );
                &[]
            }
        };
        let most = schema["maxItems"]
            .as_u64()
            .and_then(|most| usize::try_from(most).ok());
        if let Some((most, node)) = most.and_then(|most| Some((most, items.get(most)?))) {
            let message = format!("{} has more than {most} items", name.short);
            self.found.error(&node.place, message, "remove some");
        }
        let of_item = &schema["items"];
        let name = self.name_of(of_item, name, None);
        let mut read: Vec<Value> = Vec::new();
        for node in items {
            let (spot, path) = (Spot { key: None, node }, format!("{path}/{}", read.len()));
            self.spots.insert(path.clone(), spot);
            let Some(value) = self.value(spot, of_item, &name, &path) else {
                continue;
            };
            if schema["uniqueItems"] == true && read.contains(&value) {
                let message = format!("{}: this one is in the list already", name.short);
                self.found.warning(&node.place, message, "remove it");
            } else {
                read.push(value);
            }
        }
        read.into()
    }

    /// A map is called what its type says, an item as its list, everything else by its key.
    fn name_of(&self, schema: &Value, outer: &Name, key: Option<&str>) -> Name {
        let called = resolved(self.root, schema)[CALLED].as_str();
        match (called, key) {
            (Some(called), _) => Name::only(called),
            (None, None) => outer.clone(),
            (None, Some(key)) => Name {
                short: format!("`{key}`"),
                long: match outer.short.starts_with("a ") {
                    true => format!("{}'s `{key}`", outer.short),
                    false => format!("`{key}`"),
                },
            },
        }
    }

    fn wrong(&mut self, node: &Node, name: &Name, wanted: &str, hint: &str) {
        let is = match &node.kind {
            Kind::Null => "nothing",
            Kind::Scalar(_) => "a single value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        };
        let message = format!("{} must be {wanted}, and this is {is}", name.short);
        self.found.error(&node.place, message, hint);
    }

    fn single(&mut self, node: &'n Node, schema: &Value, name: &Name) -> Option<Value> {
        let format = schema["format"].as_str().unwrap_or_default();
        let words = words(schema);
        let shape = shape(format);
        let wanted = match schema["type"].as_str() {
            _ if format == SPAN => "a duration",
            _ if !words.is_empty() => "a word",
            Some("integer") => "a number",
            Some("boolean") => "true or false",
            _ => shape.map_or("text", |shape| shape.wanted),
        };
        let Kind::Scalar(scalar) = &node.kind else {
            self.wrong(node, name, wanted, "write a single value");
            return None;
        };
        let read = match schema["type"].as_str() {
            _ if format == SPAN => self.span(node, scalar, name),
            _ if !words.is_empty() => word(scalar, &words, name),
            Some("integer") => number(scalar, schema, name),
            Some("boolean") => shapes::boolean(&scalar.text)
                .map(Value::from)
                .ok_or_else(|| {
                    (
                        format!("{} must be true or false", name.short),
                        "write true or false".to_owned(),
                    )
                }),
            _ => {
                if format == SERVICE {
                    self.services.push((name.short.clone(), node));
                }
                text(scalar, schema, shape, name)
            }
        };
        match read {
            Ok(value) => Some(value),
            Err((message, hint)) => {
                self.found.error(&node.place, message, hint);
                None
            }
        }
    }

    /// With its unit; a bare number is seconds, with a warning.
    fn span(&mut self, node: &Node, scalar: &Scalar, name: &Name) -> Single {
        let written = short(&scalar.written);
        let Some((span, unit)) = shapes::duration(&scalar.text) else {
            let message = format!("{} is not a duration: `{written}`", name.short);
            let hint = "a whole number and its unit: 250ms, 60s, 5m, 24h, 7d";
            return Err((message, hint.to_owned()));
        };
        if unit == Unit::Assumed {
            let message = format!("{} has no unit: {written} is taken as seconds", name.short);
            let hint = "write the unit, as in 60s, 5m or 24h";
            self.found.warning(&node.place, message, hint);
        }
        Ok(u64::try_from(span.as_millis()).unwrap_or(u64::MAX).into())
    }
}
