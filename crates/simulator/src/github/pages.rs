//! Pages: by number with all four links, or by cursor with the next one only.
//!
//! As at GitHub, the links of a repository's lists name it by its id, and are absolute.

use serde_json::{Value, json};

use super::call::counted;
use super::hosts::API;

const DEFAULT: usize = 30;
const MOST: usize = 100;

pub(crate) struct Page {
    pub(crate) body: Value,
    pub(crate) link: Option<String>,
}

fn number(query: &[(String, String)], name: &str) -> Option<usize> {
    let found = query.iter().find(|(n, _)| n == name)?;
    found.1.parse().ok()
}

fn per_page(query: &[(String, String)]) -> usize {
    number(query, "per_page")
        .filter(|n| *n > 0)
        .unwrap_or(DEFAULT)
        .min(MOST)
}

/// The URL of another page of the same list.
fn url(path: &str, query: &[(String, String)], name: &str, value: &str) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    for (key, old) in query.iter().filter(|(key, _)| key != name) {
        text.append_pair(key, old);
    }
    text.append_pair(name, value);
    format!("{API}{path}?{}", text.finish())
}

/// A page by number.
pub(crate) fn numbered(
    items: Vec<Value>,
    key: Option<&str>,
    path: &str,
    query: &[(String, String)],
) -> Page {
    let (size, total) = (per_page(query), items.len());
    let page = number(query, "page").unwrap_or(1).max(1);
    let last = total.div_ceil(size).max(1);
    let shown: Vec<Value> = items
        .into_iter()
        .skip((page - 1) * size)
        .take(size)
        .collect();
    let mut links = Vec::new();
    let mut link = |page: usize, rel: &str| {
        let url = url(path, query, "page", &page.to_string());
        links.push(format!("<{url}>; rel=\"{rel}\""));
    };
    if page > 1 {
        link((page - 1).min(last), "prev");
    }
    if page < last {
        link(page + 1, "next");
        link(last, "last");
    }
    if page > 1 {
        link(1, "first");
    }
    let link = (!links.is_empty()).then(|| links.join(", "));
    let body = match key {
        Some(key) => counted(key, total, &shown),
        None => json!(shown),
    };
    Page { body, link }
}

/// A page by cursor: the id of the last item that was shown.
pub(crate) fn by_cursor(items: Vec<Value>, path: &str, query: &[(String, String)]) -> Page {
    let size = per_page(query);
    let cursor = query
        .iter()
        .find(|(n, _)| n == "cursor")
        .map(|(_, v)| v.as_str());
    let mut items = items.into_iter();
    if let Some(cursor) = cursor {
        let shown = |item: &Value| format!("v1_{}", item["id"]) == cursor;
        for item in items.by_ref() {
            if shown(&item) {
                break;
            }
        }
    }
    let shown: Vec<Value> = items.by_ref().take(size).collect();
    let link = match (shown.last(), items.next()) {
        (Some(last), Some(_)) => {
            let next = url(path, query, "cursor", &format!("v1_{}", last["id"]));
            Some(format!("<{next}>; rel=\"next\""))
        }
        _ => None,
    };
    Page {
        body: json!(shown),
        link,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_links_lead_through_all_pages_and_no_further() {
        let items = || (0..7).map(|n| json!({"id": n})).collect::<Vec<_>>();
        let query = |page: &str| {
            vec![
                ("per_page".to_owned(), "3".to_owned()),
                ("page".to_owned(), page.to_owned()),
            ]
        };
        let sizes = [
            ("1", 3, true),
            ("2", 3, true),
            ("3", 1, false),
            ("4", 0, false),
        ];
        for (page, size, next) in sizes {
            let shown = numbered(items(), None, "/x", &query(page));
            assert_eq!(shown.body.as_array().map(Vec::len), Some(size), "{page}");
            let link = shown.link.unwrap_or_default();
            assert_eq!(link.contains("rel=\"next\""), next, "{page}: {link}");
        }
        assert!(numbered(items(), None, "/x", &[]).link.is_none());
        let query = [("per_page".to_owned(), "4".to_owned())];
        let first = by_cursor(items(), "/x", &query);
        assert!(first.link.is_some_and(|link| link.contains("cursor=v1_3")));
        let query = [("cursor".to_owned(), "v1_3".to_owned())];
        let second = by_cursor(items(), "/x", &query);
        assert_eq!(second.body.as_array().map(Vec::len), Some(3));
        assert!(second.link.is_none());
    }
}
