//! A streaming standby, and a forwarder in front of one server or the other.
//!
//! Replication is synchronous, so that "everything that was acknowledged is on the new primary" is a
//! promise and not luck.

use super::cluster::Cluster;
use sqlx::{ConnectOptions as _, Connection as _};
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;

impl Cluster {
    /// Makes a standby that streams from this server, and has commits wait for it.
    pub async fn with_standby(&self) -> Self {
        let mut standby = Self::nothing();
        let mut copying = standby.program("pg_basebackup");
        copying
            .args([
                "-h",
                &self.socket(),
                "-U",
                "postgres",
                "-R",
                "-c",
                "fast",
                "-D",
            ])
            .arg(standby.data());
        let copied = tokio::task::spawn_blocking(move || copying.output());
        let copied = copied.await.unwrap().unwrap();
        let words = String::from_utf8_lossy(&copied.stderr);
        assert!(copied.status.success(), "pg_basebackup: {words}");
        standby.start_again().await;
        for sql in [
            "alter system set synchronous_standby_names = '*'",
            "select pg_reload_conf()",
        ] {
            self.does(sql).await;
        }
        let streaming = || async {
            let mut connection = self.options().connect().await.unwrap();
            let sql = "select count(*) from pg_stat_replication where sync_state = 'sync'";
            let count: i64 = sqlx::query_scalar(sql)
                .fetch_one(&mut connection)
                .await
                .unwrap();
            let _closed = connection.close().await;
            count == 1
        };
        let limit = Duration::from_secs(20);
        super::until(limit, "the standby streams", streaming).await;
        standby
    }

    /// Runs a statement as the superuser.
    pub async fn does(&self, sql: &'static str) {
        let mut connection = self.options().connect().await.unwrap();
        sqlx::query(sql).execute(&mut connection).await.expect(sql);
        let _closed = connection.close().await;
    }

    /// Has a standby take writes.
    pub async fn promote(&self) {
        let mut promoting = self.program("pg_ctl");
        promoting.args(["promote", "-w", "-D"]).arg(self.data());
        let promoted = tokio::task::spawn_blocking(move || promoting.output());
        let promoted = promoted.await.unwrap().unwrap();
        let words = String::from_utf8_lossy(&promoted.stderr);
        assert!(promoted.status.success(), "pg_ctl promote: {words}");
    }
}

/// An address that leads to one server, and later to another: connections that exist stay where they
/// are, as behind a name in the DNS.
pub struct Forwarder {
    pub port: u16,
    target: watch::Sender<PathBuf>,
}

impl Forwarder {
    pub async fn to(cluster: &Cluster) -> Self {
        Self::that_stops_after(cluster, u64::MAX).await
    }

    /// One through which the server says so many bytes on each connection, and then nothing more.
    pub async fn that_stops_after(cluster: &Cluster, bytes: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (target, leads_to) = watch::channel(socket(cluster));
        tokio::spawn(async move {
            while let Ok((mut inside, _)) = listener.accept().await {
                let path = leads_to.borrow().clone();
                tokio::spawn(async move {
                    let mut outside = UnixStream::connect(path).await?;
                    let (mut said, mut asks) = inside.split();
                    let (outside_said, mut outside_asks) = outside.split();
                    let mut heard = outside_said.take(bytes);
                    let answers = async {
                        tokio::io::copy(&mut heard, &mut asks).await?;
                        if heard.limit() == 0 {
                            std::future::pending::<()>().await;
                        }
                        asks.shutdown().await
                    };
                    let questions = async {
                        tokio::io::copy(&mut said, &mut outside_asks).await?;
                        outside_asks.shutdown().await
                    };
                    tokio::try_join!(answers, questions)
                });
            }
        });
        Self { port, target }
    }

    /// Leads who connects from now on to this server.
    pub fn turn_to(&self, cluster: &Cluster) {
        self.target.send_replace(socket(cluster));
    }
}

fn socket(cluster: &Cluster) -> PathBuf {
    PathBuf::from(cluster.socket()).join(".s.PGSQL.5432")
}
