//! A job's annotations and the end of its log.
//!
//! The log is in a storage to which GitHub redirects. Its length is read first, and then only its end.

use super::call_error::{CallError, header};
use super::client::Session;
use super::untrusted;
use crate::domain::effect::Answer;
use crate::domain::effect::github::{self, LOG_BYTES};
use serde::Deserialize;

/// The most annotations that are kept, and the bytes of each.
const ANNOTATIONS: usize = 20;
const ANNOTATION: usize = 2_000;
/// The most that is read of a log whose storage cannot give a part of it.
const WHOLE: usize = 16 << 20;

#[derive(Deserialize)]
struct Annotation {
    annotation_level: Option<String>,
    message: Option<String>,
}

pub(super) struct JobLog {
    annotations: Vec<String>,
    tail: String,
    unread: Option<String>,
    is_whole: bool,
    /// GitHub no longer has it.
    pub(super) has_expired: bool,
}

impl JobLog {
    pub(super) fn answer(self) -> Answer {
        Answer::Github(github::Answer::JobLog {
            annotations: self.annotations,
            tail: self.tail,
            unread: self.unread,
            is_whole: self.is_whole,
        })
    }
}

impl Session<'_> {
    pub(super) async fn read_job_log(&self, job: i64) -> Result<Answer, CallError> {
        Ok(self.job_log(job).await?.answer())
    }

    pub(super) async fn job_log(&self, job: i64) -> Result<JobLog, CallError> {
        let job = job.to_string();
        let path = ["check-runs", &job, "annotations"];
        let annotations = self.get(&path, &[("per_page", "100")]).await;
        // A personal token cannot be given this permission.
        let is_forbidden = self.is_installation()
            && matches!(&annotations, Err(CallError::Refused(refusal)) if refusal.code.starts_with("forbidden"));
        let unread = is_forbidden.then(|| "missing_permission:checks".to_owned());
        let annotations: Vec<Annotation> = absent(annotations)?.unwrap_or_default();
        let (mut failures, others): (Vec<_>, Vec<_>) = annotations
            .into_iter()
            .partition(|annotation| annotation.annotation_level.as_deref() == Some("failure"));
        failures.extend(others);
        let messages = failures
            .into_iter()
            .filter_map(|annotation| annotation.message);
        let messages = messages.map(|message| untrusted::text(&message, ANNOTATION));
        let messages = messages.take(ANNOTATIONS).collect();
        let tail = self.log_tail(&job).await;
        let has_expired =
            matches!(&tail, Err(CallError::Refused(refusal)) if refusal.status == 410);
        let (tail, is_whole) = absent(tail)?.unwrap_or_default();
        Ok(JobLog {
            annotations: messages,
            tail,
            is_whole,
            unread,
            has_expired,
        })
    }

    /// The end of the log, and whether that is all of it.
    async fn log_tail(&self, job: &str) -> Result<(String, bool), CallError> {
        let log = self.redirected(&["actions", "jobs", job, "logs"]).await?;
        // Some storages cannot count from the end, so the length comes first.
        let first = self.download(&log, Some(0..1), WHOLE).await?;
        if first.status.as_u16() == 416 {
            return Ok((String::new(), true));
        }
        let range = header(&first, "content-range");
        let length = range.and_then(|range| range.rsplit('/').next()?.parse().ok());
        let body = match (first.status.as_u16(), length) {
            (206, Some(length)) => {
                let kept = usize::saturating_sub(length, LOG_BYTES)..length;
                self.download(&log, Some(kept), WHOLE).await?.body
            }
            _ => first.body,
        };
        let end = &body[body.len().saturating_sub(LOG_BYTES)..];
        let text = String::from_utf8_lossy(end);
        let is_whole = length.unwrap_or(body.len()) <= LOG_BYTES;
        // The first line may have lost its beginning, and with it what a secret is recognised by.
        let begin = match text.find('\n') {
            Some(at) if !is_whole => at + 1,
            _ => 0,
        };
        let tail = untrusted::end(&text[begin..], LOG_BYTES);
        // What replaces secrets may be longer than they were; it is cut to these bytes or up to 3 less.
        let is_whole = is_whole && tail.len() + 3 < LOG_BYTES;
        Ok((tail, is_whole))
    }
}

/// What GitHub does not have, or not for us, is absent: the finding is made from the rest.
fn absent<T>(read: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(CallError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
