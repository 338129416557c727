//! `wardroom healthcheck`: asks the local server whether it lives, for a container's HEALTHCHECK.
//!
//! Liveness and not readiness: a container must not be restarted because its database is away.

use super::{Ended, Stop, runtime};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(super) fn run() -> Ended {
    let port = std::env::var("PORT")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3000);
    let host = match std::env::var("HOST").ok().as_deref() {
        None | Some("" | "0.0.0.0") => "127.0.0.1".to_owned(),
        Some("::" | "[::]") => "::1".to_owned(),
        Some(host) => host.to_owned(),
    };
    // A time limit must be made inside the runtime.
    let asked = runtime()?
        .block_on(async { tokio::time::timeout(Duration::from_secs(2), ask(&host, port)).await });
    match asked {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(Stop::No("the server answers, and is not well".to_owned())),
        Ok(Err(error)) => Err(Stop::No(format!("no server on {host}:{port}: {error}"))),
        Err(_) => Err(Stop::No(format!(
            "the server on {host}:{port} does not answer"
        ))),
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
