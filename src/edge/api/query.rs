//! Parameters of the path and the query.
//!
//! Parsed here, so that errors name the parameter. An unknown parameter is refused, because a misspelt
//! filter that is ignored would show everything.

use super::super::problem::Problem;
use crate::domain::ids::IncidentId;
use crate::domain::incident::act::IncidentRef;
use crate::invisible;
use std::collections::BTreeMap;
use uuid::Uuid;

const DEFAULT_LIMIT: i64 = 50;
const MAX_LIMIT: i64 = 200;

/// The parameters of a list.
#[derive(Debug)]
pub(super) struct Query {
    filters: BTreeMap<String, String>,
    /// 1 to 200.
    pub(super) limit: i64,
    pub(super) cursor: Option<i64>,
}

impl Query {
    /// Accepts the `known` parameters, `limit` and `cursor`.
    pub(super) fn read(text: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let known = [known, &["limit", "cursor"]].concat();
        let mut filters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text.unwrap_or_default().as_bytes()) {
            if !known.contains(&&*name) {
                let words = format!("An unknown parameter. Known are: {}.", known.join(", "));
                return Err(Problem::bad_request(words));
            }
            // PostgreSQL's text has no zero bytes, so nothing can match.
            if value.contains('\0') {
                let words = format!("{name} holds a zero byte.");
                return Err(Problem::bad_request(words));
            }
            let value = invisible::trim(&value);
            if !value.is_empty() {
                filters.insert(name.into_owned(), value.to_owned());
            }
        }
        let mut query = Self {
            filters,
            limit: DEFAULT_LIMIT,
            cursor: None,
        };
        let positive = |text: &str| text.parse().ok().filter(|limit| *limit >= 1);
        let limit = query.parsed("limit", positive, "a number from 1 to 200")?;
        query.limit = limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
        let number = |text: &str| text.parse().ok();
        query.cursor = query.parsed("cursor", number, "the next_cursor of a page")?;
        Ok(query)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.filters.get(name).map(String::as_str)
    }

    pub(super) fn parsed<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Result<Option<T>, Problem> {
        let wrong = || Problem::bad_request(format!("{name} must be {expected}."));
        let text = self.text(name);
        text.map(|text| parse(text).ok_or_else(wrong)).transpose()
    }
}

/// An incident by its id or its number; anything else is a 404.
pub(super) fn incident_ref(text: &str) -> Result<IncidentRef, Problem> {
    if let Ok(id) = Uuid::parse_str(text) {
        return Ok(IncidentRef::Id(IncidentId(id)));
    }
    let number = text.parse().ok().filter(|number| *number > 0);
    number.map(IncidentRef::Number).ok_or_else(no_incident)
}

pub(super) fn no_incident() -> Problem {
    let words = "There is no incident of that id or number.";
    Problem::new(http::StatusCode::NOT_FOUND, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_parameters_are_accepted() {
        for (text, good) in [
            ("", true),
            ("limit=1&cursor=5&state=open", true),
            ("limit=0", false),
            ("limit=x", false),
            ("cursor=x", false),
            ("sate=open", false),
            ("state=%00", false),
        ] {
            let read = Query::read(Some(text), &["state"]);
            assert_eq!(read.is_ok(), good, "{text}");
        }
        let query = Query::read(Some("limit=1000"), &[]).unwrap();
        assert_eq!(query.limit, 200);
    }

    #[test]
    fn an_incident_is_named_by_id_or_number() {
        assert_eq!(incident_ref("7"), Ok(IncidentRef::Number(7)));
        let id = "018f3a2e-7b1c-7c3e-9d55-0123456789ab";
        assert!(matches!(incident_ref(id), Ok(IncidentRef::Id(_))));
        for none in ["", "0", "-1", "abc", "7x"] {
            assert_eq!(incident_ref(none), Err(no_incident()), "{none}");
        }
    }
}
