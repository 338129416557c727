//! Logs and artifacts, which are in a storage to which GitHub redirects.
//!
//! The address there is valid for a minute and contains its own authority: our credentials are not sent to
//! it, and it is never logged.

use super::call_error::{CallError, header};
use super::client::Session;
use crate::http_client::{Answer, TOO_LONG, Unanswered};
use reqwest::Method;
use std::fmt::Display;
use std::ops::Range;
use url::Url;

impl Session<'_> {
    /// The address to which GitHub redirects.
    pub(super) async fn redirected(&self, path: &[&str]) -> Result<Url, CallError> {
        let asked = self.ask(Method::GET, path, &[], None).await;
        let answer = asked.map_err(CallError::unsent)?;
        if answer.status.as_u16() != 302 {
            let failed = self.checked(answer).err();
            return Err(failed.unwrap_or_else(CallError::unreadable).unsent());
        }
        let to = header(&answer, "location").and_then(|to| Url::parse(to).ok());
        let to = to.filter(|to| self.may_follow(to));
        to.ok_or_else(|| CallError::refused("redirected"))
    }

    /// Reads what is at an address, or a part of it, at most so many bytes.
    pub(super) async fn download(
        &self,
        from: &Url,
        part: Option<Range<usize>>,
        most: usize,
    ) -> Result<Answer, CallError> {
        let http = self.storage();
        let mut request = http.request(Method::GET, from.clone());
        if let Some(part) = part {
            let range = format!("bytes={}-{}", part.start, part.end.saturating_sub(1));
            request = request.header("range", range);
        }
        let read = http.send_at_most(self.until, request, most).await;
        let answer = read.map_err(|error| match error {
            Unanswered::Lost(TOO_LONG) => CallError::refused("too_large"),
            Unanswered::Lost(code) | Unanswered::NeverSent(code) => failed(code),
            Unanswered::Unsendable => CallError::refused("bad_request"),
        })?;
        match answer.status.as_u16() {
            200 | 206 | 416 => Ok(answer),
            404 | 410 => Err(CallError::refused("gone")),
            status => Err(failed(status)),
        }
    }
}

/// The storage failed or cannot be reached, of which GitHub's API knows nothing.
fn failed(why: impl Display) -> CallError {
    CallError::NeverSent(format!("storage_{why}")).of_storage()
}
