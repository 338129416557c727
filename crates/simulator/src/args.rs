//! The arguments of a Web API call: query, form, or JSON.
//!
//! As in Slack, a JSON body is ignored by a method that does not accept JSON, so its arguments are
//! missing. A structured argument is JSON, or a string that contains JSON.

use serde_json::{Map, Value};

use super::error::Refused;

/// Whether a method reads JSON bodies (the `JSON` column of Slack's reference).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Body {
    Json,
    FormOnly,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Args(pub(crate) Map<String, Value>);

impl Args {
    pub(crate) fn read(
        accepts: Body,
        content_type: &str,
        query: &str,
        body: &[u8],
    ) -> Result<Self, Refused> {
        let mut map = Map::new();
        let mut take = |pairs: &[u8]| {
            for (key, value) in form_urlencoded::parse(pairs) {
                map.insert(key.into_owned(), Value::String(value.into_owned()));
            }
        };
        take(query.as_bytes());
        let kind = content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match (kind.as_str(), accepts) {
            ("application/json", Body::Json) if !body.is_empty() => {
                let value: Value =
                    serde_json::from_slice(body).map_err(|_| Refused::new("invalid_json"))?;
                let Value::Object(object) = value else {
                    return Err(Refused::new("json_not_object"));
                };
                map.extend(object);
            }
            ("application/json", _) | ("", _) => {}
            ("application/x-www-form-urlencoded", _) => take(body),
            ("multipart/form-data", _) => return Err(Refused::new("invalid_form_data")),
            _ if body.is_empty() => {}
            _ => return Err(Refused::new("invalid_post_type")),
        }
        Ok(Self(map))
    }

    pub(crate) fn text(&self, key: &str) -> Option<String> {
        match self.0.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Array(items) => {
                let words: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                Some(words.join(","))
            }
            Value::Null | Value::Object(_) => None,
        }
    }

    pub(crate) fn need(&self, key: &str) -> Result<String, Refused> {
        self.text(key)
            .filter(|t| !t.is_empty())
            .ok_or_else(|| Refused::missing(key))
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        matches!(self.text(key).as_deref(), Some("true" | "1"))
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|v| !v.is_null())
    }

    /// A structured argument; `code` is the code for text that is not JSON.
    pub(crate) fn json(&self, key: &str, code: &str) -> Result<Option<Value>, Refused> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| Refused::new(code)),
            Some(value) => Ok(Some(value.clone())),
        }
    }

    pub(crate) fn number(&self, key: &str) -> Result<Option<usize>, Refused> {
        let Some(text) = self.text(key).filter(|t| !t.is_empty()) else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| Refused::new("invalid_limit"))
    }

    /// A page of `items`, and the cursor of the next one.
    pub(crate) fn page<T: Clone>(
        &self,
        items: &[T],
        usual: usize,
        most: usize,
    ) -> Result<(Vec<T>, String), Refused> {
        let limit = match self.number("limit")? {
            None | Some(0) => usual,
            Some(limit) => limit.min(most),
        };
        let start = match self.text("cursor").filter(|c| !c.is_empty()) {
            None => 0,
            Some(cursor) => read_cursor(&cursor).ok_or_else(|| Refused::new("invalid_cursor"))?,
        };
        let shown: Vec<T> = items.iter().skip(start).take(limit).cloned().collect();
        let end = start + shown.len();
        let next = if end < items.len() {
            write_cursor(end)
        } else {
            String::new()
        };
        Ok((shown, next))
    }
}

fn write_cursor(at: usize) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("next:{at}"))
}

fn read_cursor(cursor: &str) -> Option<usize> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(cursor)
        .ok()?;
    String::from_utf8(bytes)
        .ok()?
        .strip_prefix("next:")?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_only_where_slack_reads_it() {
        let json = "application/json; charset=utf-8";
        let form = "application/x-www-form-urlencoded";
        let cases = [
            (
                Body::Json,
                json,
                "",
                &br#"{"channel":"C1"}"#[..],
                Some("C1"),
            ),
            (Body::FormOnly, json, "", &br#"{"channel":"C1"}"#[..], None),
            (Body::FormOnly, form, "", &b"channel=C1"[..], Some("C1")),
            (Body::FormOnly, "", "channel=C1", &b""[..], Some("C1")),
            (Body::Json, form, "", &b"channel=C1"[..], Some("C1")),
        ];
        for (accepts, kind, query, body, expected) in cases {
            let args = Args::read(accepts, kind, query, body).unwrap();
            assert_eq!(
                args.text("channel").as_deref(),
                expected,
                "{accepts:?} {kind}"
            );
        }
    }

    #[test]
    fn unreadable_bodies_are_named() {
        let cases = [
            ("application/json", "{", "invalid_json"),
            ("application/json", "[]", "json_not_object"),
            ("text/plain", "x", "invalid_post_type"),
        ];
        for (kind, body, code) in cases {
            let refused = Args::read(Body::Json, kind, "", body.as_bytes()).unwrap_err();
            assert_eq!(refused.code, code);
        }
    }

    #[test]
    fn pages_lead_to_the_end_and_a_forged_cursor_does_not() {
        let mut args = Args::default();
        args.0.insert("limit".into(), 2.into());
        let (first, next) = args.page(&[1, 2, 3], 100, 1000).unwrap();
        assert_eq!(first, [1, 2]);
        args.0.insert("cursor".into(), next.into());
        assert_eq!(
            args.page(&[1, 2, 3], 100, 1000).unwrap(),
            (vec![3], String::new())
        );
        args.0.insert("cursor".into(), "nonsense".into());
        assert_eq!(args.page(&[1], 1, 1).unwrap_err().code, "invalid_cursor");
    }
}
