//! Behind a real transaction pooler: two processes, few connections to the server, and a kill.
//!
//! PgBouncer hands each transaction to whichever connection is free, so whatever relied on a
//! session (a setting, a statement's name, a lock) breaks here and nowhere else. Debian's version
//! knows nothing of prepared statements, which is the harder case.

use crate::harness::command_load::{CommandLoad, channels, nothing_lost_nothing_twice};
use crate::harness::wardroom::{Wardroom, errors};
use crate::harness::{Deployment, Folder, ready, until};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use url::Url;

/// A PgBouncer in front of one database; it ends with the test.
struct Pooler {
    child: Child,
    url: String,
    _folder: Folder,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Pooler {
    async fn before(database: &str) -> Self {
        let database = Url::parse(database).expect("PostgreSQL's address");
        let asked = |name: &str| {
            let mut pairs = database.query_pairs();
            pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
        };
        let host = asked("host").unwrap_or_else(|| database.host_str().unwrap().to_owned());
        let port = database.port().unwrap_or(5432);
        let user = database.username();
        let password = database.password().map(|word| format!(" password={word}"));
        let password = password.unwrap_or_default();
        let name = database.path().trim_start_matches('/');
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listens = free.local_addr().unwrap().port();
        drop(free);
        let config = format!(
            "[databases]\n{name} = host={host} port={port} user={user}{password}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {listens}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = 4\nmax_client_conn = 100\n"
        );
        let folder = Folder::new();
        // It refuses to run as root, and then reads its file as another user.
        let readable = Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), readable).unwrap();
        let config = folder.write("pgbouncer.ini", &config);
        let mut command = Command::new("pgbouncer");
        if rustix::process::geteuid().is_root() {
            command.args(["-u", "postgres"]);
        }
        let child = command
            .arg(config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pgbouncer is on the PATH");
        let pooler = Self {
            child,
            url: format!("postgres://{user}@127.0.0.1:{listens}/{name}"),
            _folder: folder,
        };
        let listening = || async {
            let found = tokio::net::TcpStream::connect(("127.0.0.1", listens)).await;
            found.is_ok()
        };
        until(Duration::from_secs(10), "pgbouncer listens", listening).await;
        pooler
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "tools: needs pgbouncer; .ci/run brings it"]
async fn behind_a_transaction_pooler_nothing_is_lost_and_nothing_done_twice() {
    let mut deployment = Deployment::new().await;
    let direct = deployment.env["DATABASE_URL"].clone();
    let pooler = Pooler::before(&direct).await;
    deployment
        .env
        .insert("DATABASE_URL".to_owned(), pooler.url.clone());
    deployment
        .env
        .insert("DATABASE_DIRECT_URL".to_owned(), direct);
    let one = deployment.start().await;
    let other = Wardroom::start(&deployment.env).await;
    ready(&other.url).await;
    let channels = channels(&deployment, 4).await;
    let command_load = CommandLoad::start(&deployment, &channels, Duration::from_millis(50));
    crate::harness::moment::pass(Duration::from_secs(4)).await;
    let mut log = one.kill().await;
    deployment.slack.set_app_url(Some(&other.url));
    crate::harness::moment::pass(Duration::from_secs(4)).await;
    let ledger = command_load.stop().await;
    nothing_lost_nothing_twice(&deployment, &ledger, Duration::from_secs(60)).await;
    let (yes, _no) = ledger.counts();
    assert!(yes > 40, "only {yes} commands were answered 200");
    log.extend(other.stop().await);
    assert!(errors(&log).is_empty(), "{:#?}", errors(&log));
    let waits: Vec<&String> = log
        .iter()
        .filter(|line| line.contains("wait for the database"))
        .collect();
    assert!(waits.is_empty(), "{waits:#?}");
    deployment.close().await;
}
