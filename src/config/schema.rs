//! The JSON Schema of `wardroom.yaml`, made from the types of its sections.
//!
//! The reader checks a file against it (`read`). What `wardroom schema` prints is the same schema for
//! editors: there a value may also be `${NAME}`, because variables have not been replaced yet, and a key
//! without a value counts as absent.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::LazyLock;

use schemars::transform::{RecursiveTransform, Transform as _, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::rules::File;
use super::shapes::SPAN;

/// What a map is called in messages; the reader's own, not published.
pub(crate) const CALLED: &str = "x-called";
/// Whether no code uses the key yet.
pub(crate) const LATER: &str = "x-no-effect-yet";
/// Whether a single value may stand for a list of one.
pub(crate) const OR_ONE: &str = "x-or-one";

/// The schema of a whole file.
pub(crate) static FILE: LazyLock<Value> = LazyLock::new(of::<File>);

/// The schema of a type.
pub(crate) fn of<T: JsonSchema>() -> Value {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<T>();
    RecursiveTransform(plain).transform(&mut schema);
    schema.to_value()
}

/// What `wardroom schema` prints.
#[must_use]
pub fn published() -> String {
    let mut schema = Schema::try_from(FILE.clone()).expect("a schema is an object");
    for_editors(&mut schema);
    schema.insert("title".to_owned(), "wardroom.yaml".into());
    let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text + "\n"
}

/// Resolves `$ref`; what stands beside it is kept.
pub(crate) fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let target = schema["$ref"]
        .as_str()
        .and_then(|name| name.strip_prefix('#'));
    target
        .and_then(|pointer| root.pointer(pointer))
        .unwrap_or(schema)
}

/// The words that an enumeration allows; empty: it is none.
pub(crate) fn words(schema: &Value) -> Vec<&str> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let described = schema["oneOf"].as_array().into_iter().flatten();
    let described = described.map(|one| &one["const"]);
    listed.chain(described).filter_map(Value::as_str).collect()
}

/// `Option` says only that a key may be absent; a map has no keys but its own; a default that is not a
/// single value is left to the description.
fn plain(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get("type") {
        let one = types.iter().find(|one| *one != "null").cloned();
        schema.insert("type".to_owned(), one.unwrap_or_default());
    }
    let either = schema.get("anyOf").and_then(Value::as_array);
    let either = either.and_then(|either| either.iter().find(|one| one["type"] != "null"));
    if let Some(Value::Object(one)) = either.cloned() {
        schema.remove("anyOf");
        one.into_iter()
            .for_each(|(name, value)| drop(schema.insert(name, value)));
    }
    if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    if schema
        .get("default")
        .is_some_and(|value| value.is_array() || value.is_object() || value.is_null())
    {
        schema.remove("default");
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}

fn for_editors(schema: &mut Schema) {
    transform_subschemas(&mut for_editors, schema);
    // A bare number is taken as seconds. The names of our shapes are unknown to other checkers.
    if schema.remove("format").is_some_and(|format| format == SPAN) {
        or(schema, json!({"type": "integer", "minimum": 0}));
    }
    let or_one = schema.remove(OR_ONE).is_some();
    schema.remove(CALLED);
    schema.remove(LATER);
    let kind = schema.get("type").and_then(Value::as_str);
    if !words(schema.as_value()).is_empty() || matches!(kind, Some("integer" | "boolean")) {
        or(schema, json!({"type": "string", "pattern": r"\$\{"}));
    } else if or_one {
        let item = schema.get("items").cloned().unwrap_or_default();
        or(schema, item);
    }
    if kind_of(schema) == "object" {
        schema.insert("type".to_owned(), json!(["object", "null"]));
    }
    let required = schema.get("required").cloned().unwrap_or_default();
    let required = required.as_array().map(Vec::as_slice).unwrap_or_default();
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        let Ok(property) = <&mut Schema>::try_from(property) else {
            continue;
        };
        if required.contains(&json!(name)) || kind_of(property) == "object" {
            continue;
        }
        match property.get("type").cloned() {
            Some(Value::String(kind)) => {
                property.insert("type".to_owned(), json!([kind, "null"]));
            }
            Some(_) => {}
            None => or(property, json!({"type": "null"})),
        }
    }
}

fn kind_of(schema: &Schema) -> &str {
    resolved(&FILE, schema.as_value())["type"]
        .as_str()
        .unwrap_or_default()
}

/// Allows something else as well.
fn or(schema: &mut Schema, other: Value) {
    let inner = schema.ensure_object();
    if let Some(Value::Array(either)) = inner.get_mut("anyOf") {
        return either.push(other);
    }
    let mut outer = Map::new();
    for name in ["description", "default"] {
        outer.extend(inner.remove(name).map(|value| (name.to_owned(), value)));
    }
    outer.insert("anyOf".to_owned(), json!([std::mem::take(inner), other]));
    *inner = outer;
}

/// A map with free keys, all of one shape.
pub struct Named<K, V>(PhantomData<(K, V)>);

impl<K: JsonSchema, V: JsonSchema> JsonSchema for Named<K, V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Named_{}_{}", K::schema_name(), V::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (names, values) = (K::json_schema(generator), generator.subschema_for::<V>());
        json_schema!({"type": "object", "propertyNames": names, "additionalProperties": values})
    }
}

/// A text, or a list of texts.
pub struct OneOrMore;

impl JsonSchema for OneOrMore {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "OneOrMore".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let item = json!({"type": "string", "minLength": 1, "maxLength": 4096});
        json_schema!({"type": "array", "items": item, OR_ONE: true})
    }
}

/// A list in which nothing stands twice.
pub type Set<T> = BTreeSet<T>;
