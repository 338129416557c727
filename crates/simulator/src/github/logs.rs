//! Logs: a redirect to the storage, where a job's is text and a run's is a zip file.

use std::io::{Cursor, Write as _};

use axum::http::StatusCode;
use zip::write::SimpleFileOptions;

use super::call::{Answer, Call, Outcome};
use super::jobs::Job;
use super::refusal::{Refusal, refuse};

/// How long logs are kept.
const KEPT_DAYS: i64 = 90;

/// The log as GitHub serves it: with a byte order mark, and the time before each line.
fn text(job: &Job) -> String {
    let at = job.completed_at.unwrap_or(job.started_at);
    let stamp = at.format("%Y-%m-%dT%H:%M:%S%.6f0Z").to_string();
    let mut text = String::from('\u{feff}');
    let labels = job.plan.labels.join(", ");
    let first = [
        "Current runner version: '2.330.0'".to_owned(),
        format!("Runner image: {labels}"),
    ];
    for line in first.iter().map(String::as_str).chain(job.plan.log.lines()) {
        text.push_str(&format!("{stamp} {line}\n"));
    }
    if job.conclusion.as_deref() == Some("failure") {
        text.push_str(&format!(
            "{stamp} ##[error]Process completed with exit code 1.\n"
        ));
    }
    text
}

/// A zip file of these files.
pub(crate) fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        let started = writer.start_file(path.as_str(), SimpleFileOptions::default());
        let written = started.is_ok() && writer.write_all(content).is_ok();
        assert!(written, "a zip file in memory takes {path}");
    }
    let finished = writer.finish();
    finished.map(Cursor::into_inner).unwrap_or_default()
}

/// 410 when the logs are too old, 404 when the job has not ended.
fn check(call: &Call<'_>, created: crate::state::Moment, ended: bool) -> Result<(), Refusal> {
    if (call.now - created).num_days() >= KEPT_DAYS {
        return refuse(StatusCode::GONE, "Server Error");
    }
    if ended {
        Ok(())
    } else {
        Err(Refusal::not_found())
    }
}

pub(crate) fn of_job(call: &mut Call<'_>) -> Outcome {
    let id = call.number("job_id")?;
    let (run, _, job) = call.repo().find_job(id).ok_or_else(Refusal::not_found)?;
    check(call, run.created_at, job.completed_at.is_some())?;
    let (log, name) = (text(job).into_bytes(), format!("job-{id}.txt"));
    let now = call.now;
    Ok(Answer::Redirect(call.state.signed_url(
        &name,
        "text/plain",
        log,
        now,
    )))
}

pub(crate) fn of_run(call: &mut Call<'_>) -> Outcome {
    let run = &call.repo().runs[&call.run_id()?];
    let wanted = call
        .part("attempt_number")
        .parse()
        .unwrap_or(run.attempts.len() as u64);
    let attempt = run.attempts.iter().find(|attempt| attempt.number == wanted);
    let attempt = attempt.ok_or_else(Refusal::not_found)?;
    check(call, run.created_at, attempt.status == "completed")?;
    let files = attempt.jobs.iter().enumerate();
    let files: Vec<(String, Vec<u8>)> = files
        .map(|(number, job)| {
            let name = job.plan.name.replace(['/', ':'], "");
            (format!("{number}_{name}.txt"), text(job).into_bytes())
        })
        .collect();
    let (name, content) = (format!("logs-{}.zip", run.id), zip(&files));
    let now = call.now;
    Ok(Answer::Redirect(call.state.signed_url(
        &name,
        "application/zip",
        content,
        now,
    )))
}
