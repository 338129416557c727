//! The table of endpoints. Each file of an area has its own part, and this one finds the entry of a path.
//!
//! The ids are those of GitHub's OpenAPI description. They name an endpoint in the recorded requests and
//! in faults, with `github/` before them.

use super::call::{Call, Outcome};
use super::permissions::Needs;
use super::{
    app, artifacts, caches, checks, comments, commits, contents, deliveries, deployments, issues,
    jobs, labels, pulls, quota, references, repositories, rerun, reviews, runs, search, statuses,
    workflows,
};

pub(crate) type Handler = fn(&mut Call<'_>) -> Outcome;

pub(crate) struct Endpoint {
    pub(crate) id: &'static str,
    pub(crate) verb: &'static str,
    /// With `{name}` for a segment and `{*name}` for the rest.
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
    pub(crate) run: Handler,
}

impl Endpoint {
    const fn new(
        verb: &'static str,
        id: &'static str,
        path: &'static str,
        needs: Needs,
        run: Handler,
    ) -> Self {
        Self {
            id,
            verb,
            path,
            needs,
            run,
        }
    }

    pub(crate) const fn get(
        id: &'static str,
        path: &'static str,
        needs: Needs,
        run: Handler,
    ) -> Self {
        Self::new("GET", id, path, needs, run)
    }

    pub(crate) const fn post(
        id: &'static str,
        path: &'static str,
        needs: Needs,
        run: Handler,
    ) -> Self {
        Self::new("POST", id, path, needs, run)
    }

    pub(crate) const fn patch(
        id: &'static str,
        path: &'static str,
        needs: Needs,
        run: Handler,
    ) -> Self {
        Self::new("PATCH", id, path, needs, run)
    }

    pub(crate) const fn put(
        id: &'static str,
        path: &'static str,
        needs: Needs,
        run: Handler,
    ) -> Self {
        Self::new("PUT", id, path, needs, run)
    }

    pub(crate) const fn delete(
        id: &'static str,
        path: &'static str,
        needs: Needs,
        run: Handler,
    ) -> Self {
        Self::new("DELETE", id, path, needs, run)
    }

    /// `search` has a quota of its own.
    pub(crate) fn resource(&self) -> &'static str {
        if self.id.starts_with("search/") {
            "search"
        } else {
            "core"
        }
    }
}

const PARTS: &[&[Endpoint]] = &[
    app::ENDPOINTS,
    artifacts::ENDPOINTS,
    caches::ENDPOINTS,
    checks::ENDPOINTS,
    comments::ENDPOINTS,
    commits::ENDPOINTS,
    contents::ENDPOINTS,
    deliveries::ENDPOINTS,
    deployments::ENDPOINTS,
    issues::ENDPOINTS,
    jobs::ENDPOINTS,
    labels::ENDPOINTS,
    pulls::ENDPOINTS,
    quota::ENDPOINTS,
    references::ENDPOINTS,
    repositories::ENDPOINTS,
    rerun::ENDPOINTS,
    reviews::ENDPOINTS,
    runs::ENDPOINTS,
    search::ENDPOINTS,
    statuses::ENDPOINTS,
    workflows::ENDPOINTS,
];

pub(crate) fn all() -> impl Iterator<Item = &'static Endpoint> {
    PARTS.iter().flat_map(|part| part.iter())
}

pub(crate) type Found = Vec<(&'static str, String)>;

/// The values of the template's names, if the path has its form.
fn fits(template: &'static str, path: &str) -> Option<Found> {
    let mut found = Found::new();
    let mut rest = path.strip_prefix('/')?;
    let mut names = template.strip_prefix('/')?.split('/').peekable();
    while let Some(name) = names.next() {
        if let Some(name) = name.strip_prefix("{*").and_then(|n| n.strip_suffix('}')) {
            found.push((name, decoded(rest)));
            return Some(found);
        }
        let (segment, after) = match rest.split_once('/') {
            Some((segment, after)) if names.peek().is_some() => (segment, after),
            None if names.peek().is_none() => (rest, ""),
            _ => return None,
        };
        match name.strip_prefix('{').and_then(|n| n.strip_suffix('}')) {
            Some(name) if !segment.is_empty() => found.push((name, decoded(segment))),
            None if name == segment => {}
            _ => return None,
        }
        rest = after;
    }
    Some(found)
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

/// The endpoint of a request. A path with fixed words is preferred to one with names in their place.
pub(crate) fn find(verb: &str, path: &str) -> Option<(&'static Endpoint, Found)> {
    let fitting = all().filter(|endpoint| endpoint.verb == verb);
    let fitting = fitting.filter_map(|endpoint| Some((endpoint, fits(endpoint.path, path)?)));
    fitting.min_by_key(|(_, found)| found.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_path_leads_to_its_endpoint() {
        let cases = [
            (
                "GET",
                "/repos/a/b/actions/runs/7",
                "actions/get-workflow-run",
            ),
            ("GET", "/repos/a/b/git/ref/heads/x/y", "git/get-ref"),
            ("GET", "/repos/a/b/contents/", "repos/get-content"),
            (
                "PUT",
                "/repos/a/b/contents/.github/x.yml",
                "repos/create-or-update-file-contents",
            ),
            ("GET", "/repos/a/b/issues/comments/3", "issues/get-comment"),
            ("GET", "/repos/a/b/issues/3", "issues/get"),
            (
                "GET",
                "/repos/a/b/commits/main/check-runs",
                "checks/list-for-ref",
            ),
            ("GET", "/repos/a/b", "repos/get"),
        ];
        for (verb, path, id) in cases {
            assert_eq!(
                find(verb, path).map(|(endpoint, _)| endpoint.id),
                Some(id),
                "{path}"
            );
        }
        for path in [
            "/repos/a",
            "/repos/a/b/",
            "/repos/a/b/actions/runs/7/x",
            "/x",
        ] {
            assert!(find("GET", path).is_none(), "{path}");
        }
    }

    #[test]
    fn no_endpoint_is_named_twice() {
        let ids: BTreeSet<&str> = all().map(|endpoint| endpoint.id).collect();
        assert_eq!(ids.len(), all().count());
        let places: BTreeSet<(&str, &str)> = all().map(|e| (e.verb, e.path)).collect();
        assert_eq!(places.len(), all().count());
    }
}
