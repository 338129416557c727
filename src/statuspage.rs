//! The courier of Statuspage: sets the status of a component.
//!
//! The status is determined at delivery, and setting it again changes nothing, so an uncertain effect needs
//! no lookup. Statuspage accepts one request a second for a token, and answers others with 420 or
//! 429. <https://developer.statuspage.io/>

use crate::courier::{Courier, Outcome, Parcel};
use crate::domain::effect::Answer;
use crate::domain::effect::statuspage::Effect;
use crate::http_client::{HttpClient, Unanswered};
use async_trait::async_trait;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// The scope of the rate limit, which is for all requests of a token.
const SCOPE: &str = "statuspage:requests";
/// How long to wait without a `Retry-After`: the limit is counted over a minute.
const LATER: Duration = Duration::from_secs(30);

/// The address of Statuspage and the credentials. Contains a secret: not to be printed.
#[derive(Clone)]
pub struct Access {
    /// `https://api.statuspage.io`
    pub api_url: Url,
    pub page_id: String,
    pub api_key: String,
}

pub struct StatuspageCourier {
    access: Access,
    http: HttpClient,
}

impl StatuspageCourier {
    /// Makes no call yet.
    pub fn new(access: Access, http: HttpClient) -> Self {
        Self { access, http }
    }

    fn request(&self, component: &str, status: &str) -> Option<RequestBuilder> {
        let mut url = self.access.api_url.clone();
        let versioned = url.path().trim_end_matches('/').ends_with("/v1");
        let mut path = url.path_segments_mut().ok()?;
        path.pop_if_empty();
        if !versioned {
            path.push("v1");
        }
        path.extend(["pages", &self.access.page_id, "components", component]);
        drop(path);
        let key = format!("OAuth {}", self.access.api_key);
        let body = json!({"component": {"status": status}});
        let request = self.http.request(Method::PATCH, url);
        Some(request.header("authorization", key).json(&body))
    }
}

#[async_trait]
impl Courier for StatuspageCourier {
    type Effect = Effect;

    /// Refusals count too: an operator must act when a key is invalid or a component is deleted.
    fn is_healthy(&self, outcome: &Outcome) -> Option<bool> {
        Some(matches!(outcome, Outcome::Done(_)))
    }

    fn pause_scopes(&self, _effect: &Effect) -> Vec<String> {
        vec![SCOPE.to_owned()]
    }

    async fn deliver(&self, effect: &Effect, parcel: &Parcel) -> Outcome {
        let Effect::UpdateComponent { component, status } = effect;
        let Some(status) = status else {
            return Outcome::Done(Answer::Nothing);
        };
        let Some(request) = self.request(component, status.as_str()) else {
            return refused("bad_address");
        };
        let until = Instant::now() + parcel.deadline;
        match self.http.send_within(until, request).await {
            Ok(answer) => classify(answer.status, answer.retry_after()),
            Err(Unanswered::NeverSent(code)) => Outcome::Failed {
                code: code.to_owned(),
            },
            Err(Unanswered::Lost(code)) => uncertain(code),
            Err(Unanswered::Unsendable) => refused("bad_request"),
        }
    }
}

fn classify(status: StatusCode, retry_after: Option<Duration>) -> Outcome {
    let code = format!("http_{}", status.as_u16());
    match status.as_u16() {
        200..=299 => Outcome::Done(Answer::Nothing),
        420 | 429 => Outcome::Later {
            after: retry_after.unwrap_or(LATER),
            pauses: vec![SCOPE.to_owned()],
            code,
        },
        500 | 502 | 503 => Outcome::ServerError { code },
        408 | 500.. => Outcome::Uncertain { code },
        _ => Outcome::Refused { code },
    }
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused {
        code: code.to_owned(),
    }
}

fn uncertain(code: &str) -> Outcome {
    Outcome::Uncertain {
        code: code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_one_outcome() {
        let said = |status: u16, after| classify(StatusCode::from_u16(status).unwrap(), after);
        let later = |seconds, code: &str| Outcome::Later {
            after: Duration::from_secs(seconds),
            pauses: vec![SCOPE.into()],
            code: code.into(),
        };
        assert_eq!(said(200, None), Outcome::Done(Answer::Nothing));
        assert_eq!(said(420, None), later(30, "http_420"));
        let after = Some(Duration::from_secs(9));
        assert_eq!(said(429, after), later(9, "http_429"));
        for status in [301, 400, 401, 403, 404, 422] {
            assert_eq!(said(status, None), refused(&format!("http_{status}")));
        }
        for status in [500, 502, 503] {
            let code = format!("http_{status}");
            assert_eq!(said(status, None), Outcome::ServerError { code });
        }
        for status in [408, 504] {
            assert_eq!(said(status, None), uncertain(&format!("http_{status}")));
        }
    }
}
