//! The process: memory when idle, the time from start to ready, and the size of the binary.

use super::fixture::{BINARY, Fixture};
use super::report::{Report, median, millis};
use std::time::Duration;

const STARTS: usize = 11;
/// Long enough for the first sweep, the first heartbeat and the first answer from Slack.
const IDLE: Duration = Duration::from_secs(3);

pub async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let fixture = Fixture::new().await?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let server = fixture.serve(&[]).await?;
        starts.push(millis(server.ready_after));
    }
    let slowest = starts.iter().copied().fold(0.0, f64::max);
    report.at_most(
        "start to ready, migrated database (median)",
        median(starts),
        "ms",
        150.0,
    );
    report.figure("  the slowest of eleven starts", format!("{slowest:.0} ms"));
    let server = fixture.serve(&[]).await?;
    tokio::time::sleep(IDLE).await;
    report.at_most("memory, idle", server.memory("VmRSS")?, "MB", 30.0);
    drop(server);
    let size = std::fs::metadata(BINARY)?.len();
    report.at_most("the stripped binary", size as f64 / 1_000_000.0, "MB", 30.0);
    fixture.remove().await
}
