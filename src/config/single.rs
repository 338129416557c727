//! Single values against their schema: words, numbers, spans of time, texts.
//!
//! What is wrong is returned as a message and its hint; `read` knows the place. A message shows what was
//! written, never what a variable held.

use serde_json::Value;

use super::problem::{Findings, Place, choice, short};
use super::schema::words;
use super::shapes::{self, SPAN, Unit, shape};
use super::yaml::Scalar;

/// The value, or a message and its hint.
type Single = Result<Value, (String, String)>;

pub(crate) fn single(
    scalar: &Scalar,
    place: &Place,
    schema: &Value,
    name: &str,
    found: &Findings,
) -> Single {
    let words = words(schema);
    match (schema["type"].as_str(), schema["format"].as_str()) {
        _ if !words.is_empty() => word(scalar, &words, name),
        (Some("integer"), _) => number(scalar, schema, name),
        (Some("boolean"), _) => boolean(scalar, name),
        (_, Some(SPAN)) => span(scalar, place, name, found),
        (_, format) => text(scalar, schema, format, name),
    }
}

fn word(scalar: &Scalar, words: &[&str], name: &str) -> Single {
    if words.contains(&scalar.text.as_str()) {
        return Ok(scalar.text.as_str().into());
    }
    let message = format!("{name} cannot be `{}`", short(&scalar.written));
    Err((message, choice(&scalar.written, words)))
}

fn number(scalar: &Scalar, schema: &Value, name: &str) -> Single {
    let least = schema["minimum"].as_u64().unwrap_or(0);
    let most = schema["maximum"].as_u64().unwrap_or(u64::MAX);
    let quoted = scalar.quoted && !scalar.written.contains("${");
    match scalar.text.parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) && !quoted => Ok(number.into()),
        Ok(_) | Err(_) => {
            let message = format!("{name} must be a whole number from {least} to {most}");
            Err((message, "write it without quotes and units".to_owned()))
        }
    }
}

fn boolean(scalar: &Scalar, name: &str) -> Single {
    let hint = "write true or false".to_owned();
    let value = shapes::boolean(&scalar.text).map(Value::from);
    value.ok_or((format!("{name} must be true or false"), hint))
}

/// In milliseconds. A bare number is seconds, with a warning.
fn span(scalar: &Scalar, place: &Place, name: &str, found: &Findings) -> Single {
    let written = short(&scalar.written);
    let Some((span, unit)) = shapes::duration(&scalar.text) else {
        let hint = "a whole number and its unit: 250ms, 60s, 5m, 24h, 7d";
        let message = format!("{name} is not a duration: `{written}`");
        return Err((message, hint.to_owned()));
    };
    if unit == Unit::Assumed {
        let message = format!("{name} has no unit: {written} is taken as seconds");
        found.warning(place, message, "write the unit, as in 60s, 5m or 24h");
    }
    Ok(u64::try_from(span.as_millis()).unwrap_or(u64::MAX).into())
}

/// A bare number or `true` is refused where a text is free: other readers of YAML make something else of it.
fn text(scalar: &Scalar, schema: &Value, format: Option<&str>, name: &str) -> Single {
    let (text, written) = (scalar.text.as_str(), scalar.written.as_str());
    let shape = format.and_then(shape);
    if let Some(fault) = shape.and_then(|shape| shape.refused(text, written)) {
        return Err(fault);
    }
    let other = written.parse::<f64>().is_ok()
        || ["true", "false"].contains(&written.to_ascii_lowercase().as_str());
    let most = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
    let (fault, hint) = if shape.is_none() && !scalar.quoted && other {
        let fault = "must be text, and this is a number or a yes/no";
        (fault.to_owned(), "put it in quotes")
    } else if schema["minLength"].is_u64() && text.trim().is_empty() {
        ("is empty".to_owned(), "write a text, or leave the key out")
    } else if text.chars().count() as u64 > most {
        (format!("is longer than {most} characters"), "shorten it")
    } else {
        return Ok(text.into());
    };
    Err((format!("{name} {fault}"), hint.to_owned()))
}
