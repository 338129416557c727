//! Single values against their schema: words, numbers, texts. What is wrong comes back as a message and its
//! hint; `read` knows the place. A message shows what was written, never what a variable held.

use serde_json::Value;

use super::problem::{choice, short};
use super::read::Name;
use super::shapes::Shape;
use super::yaml::{Scalar, Style};

/// The value, or a message and its hint.
pub(crate) type Single = Result<Value, (String, String)>;

pub(crate) fn word(scalar: &Scalar, words: &[&str], name: &Name) -> Single {
    if words.contains(&scalar.text.as_str()) {
        return Ok(scalar.text.as_str().into());
    }
    let message = format!("{} cannot be `{}`", name.short, short(&scalar.written));
    Err((message, choice(&scalar.written, words)))
}

pub(crate) fn number(scalar: &Scalar, schema: &Value, name: &Name) -> Single {
    let bound = |name: &str, or| schema[name].as_u64().unwrap_or(or);
    let (least, most) = (bound("minimum", 0), bound("maximum", u64::MAX));
    let quoted = scalar.style == Style::Quoted && !scalar.written.contains("${");
    match scalar.text.parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) && !quoted => Ok(number.into()),
        Ok(_) | Err(_) => {
            let message = format!(
                "{} must be a whole number from {least} to {most}",
                name.short
            );
            Err((message, "write it without quotes and units".to_owned()))
        }
    }
}

/// A bare number or `true` is refused where a text is free: YAML would have made something else of it.
pub(crate) fn text(scalar: &Scalar, schema: &Value, shape: Option<&Shape>, name: &Name) -> Single {
    let Scalar { text, written, .. } = scalar;
    let wrong =
        |fault: String, hint: &str| Err((format!("{} {fault}", name.long), hint.to_owned()));
    let free = shape.is_none_or(|shape| shape.wanted == "text");
    let other = written.parse::<f64>().is_ok()
        || ["true", "false"].contains(&written.to_ascii_lowercase().as_str());
    if free && scalar.style == Style::Plain && other {
        let fault = "must be text, and this is a number or a yes/no";
        return wrong(fault.to_owned(), "put it in quotes");
    }
    let may_be_empty = shape.is_none() && schema["minLength"].is_null();
    if free && !may_be_empty && text.trim().is_empty() {
        return wrong("is empty".to_owned(), "write a text, or leave the key out");
    }
    let most = schema["maxLength"].as_u64();
    if let Some(most) = most.filter(|most| text.chars().count() as u64 > *most) {
        return wrong(format!("is longer than {most} characters"), "shorten it");
    }
    let fault = shape.and_then(|shape| Some(((shape.fault)(text)?, shape.hint)));
    match fault {
        Some((fault, hint)) => Err((fault.replace("{}", &short(written)), hint.to_owned())),
        None => Ok(text.as_str().into()),
    }
}
