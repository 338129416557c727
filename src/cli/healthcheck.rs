//! `wardroom healthcheck`: checks that the local server is alive, for a container's HEALTHCHECK.
//!
//! It checks liveness, not readiness: a container must not be restarted because its database is
//! down. It reads only the address from the configuration, so a file that has become invalid since
//! the start does not fail the check.

use super::{Ended, Stop, run_to_end};
use crate::config::{listens_on, process_environment};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(super) fn run() -> Ended {
    let (host, port) = listens_on(&process_environment).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Stop::Wrong(problems.join("\n"))
    })?;
    let host = reached_at(host);
    run_to_end(async {
        match tokio::time::timeout(Duration::from_secs(2), ask(&host, port)).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(Stop::No(
                "the server answers, but is not healthy".to_owned(),
            )),
            Ok(Err(error)) => Err(Stop::No(format!("no server on {host}:{port}: {error}"))),
            Err(_) => Err(Stop::No(format!(
                "the server on {host}:{port} does not answer"
            ))),
        }
    })
}

/// The address at which a server that listens on this host can be reached locally.
fn reached_at(host: String) -> String {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(all)) if all.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
        Ok(IpAddr::V6(all)) if all.is_unspecified() => Ipv6Addr::LOCALHOST.to_string(),
        Ok(_) | Err(_) => host,
    }
}

async fn ask(host: &str, port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((host, port)).await?;
    let request = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    Ok(&status == b"HTTP/1.1 200")
}
