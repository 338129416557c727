//! Slack's error responses: HTTP 200, `ok: false`, a code, and sometimes messages.

use serde_json::{Map, Value, json};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) code: String,
    pub(crate) messages: Vec<String>,
    pub(crate) extra: Map<String, Value>,
}

pub(crate) type Answer = Result<Value, Refused>;

impl Refused {
    pub(crate) fn new(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            messages: Vec::new(),
            extra: Map::new(),
        }
    }

    pub(crate) fn because(code: &str, messages: Vec<String>) -> Self {
        Self {
            code: code.to_owned(),
            messages,
            extra: Map::new(),
        }
    }

    pub(crate) fn with(mut self, key: &str, value: Value) -> Self {
        self.extra.insert(key.to_owned(), value);
        self
    }

    pub(crate) fn missing(argument: &str) -> Self {
        let message = format!("[ERROR] missing required field: {argument}");
        Self::because("invalid_arguments", vec![message])
    }

    pub(crate) fn body(&self) -> Value {
        let mut body = json!({"ok": false, "error": self.code});
        let map = body.as_object_mut().expect("a literal object");
        if !self.messages.is_empty() {
            map.insert(
                "response_metadata".to_owned(),
                json!({"messages": self.messages}),
            );
        }
        map.extend(self.extra.clone());
        body
    }
}

pub(crate) fn refuse<T>(code: &str) -> Result<T, Refused> {
    Err(Refused::new(code))
}
