//! The private PostgreSQL that runs where no DATABASE_URL is set.
//!
//! One dialect in every mode, so that a laptop and a cluster run the same queries: this starts
//! the machine's own PostgreSQL binaries in the data directory, on a unix socket, with fsync on.
//! It must not know what the database is for. One server owns a directory; commands use the
//! database beside it; whoever leaves last ends PostgreSQL. When a wardroom is killed PostgreSQL
//! lives on, and the next one takes it over.

mod account;
mod cluster;
mod directory;
mod error;
mod find;
mod install;
mod lock;
mod pidfile;
mod postmaster;
mod ready;
mod socket;
mod throwaway;
mod watch;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use tokio::sync::Mutex;

pub use error::StartError;
pub use find::bindir;

use directory::Home;
use find::Binaries;
use lock::{Held, InUse};
use postmaster::Ending;
use ready::Running;

/// What the database is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The server: one for a directory, refused beside another.
    Serve,
    /// A command: beside a server it uses the server's database and never ends it.
    Command,
    /// A demo: a home of its own below the given folder, removed at the end; homes of demos
    /// that were killed are removed at the start.
    Throwaway,
}

/// A PostgreSQL that answers. End it with [`PrivatePostgres::stop`].
#[derive(Debug)]
pub struct PrivatePostgres {
    inner: Arc<Inner>,
    mode: Mode,
    notices: Vec<String>,
    socket: PathBuf,
    in_use: Option<InUse>,
    _served: Option<Held>,
}

#[derive(Debug)]
struct Inner {
    home: Home,
    binaries: Binaries,
    running: Mutex<Running>,
    ending: tokio::sync::watch::Sender<bool>,
}

impl PrivatePostgres {
    /// Starts PostgreSQL in a directory, or takes over or joins the one that runs there.
    ///
    /// `bindir` is `WARDROOM_PG_BINDIR`. Needs a tokio runtime with I/O and time.
    pub async fn start(
        dir: &Path,
        bindir: Option<&Path>,
        mode: Mode,
    ) -> Result<PrivatePostgres, StartError> {
        find::possible(bindir, account::own_uid() == 0)?;
        let (home, served) = match mode {
            Mode::Throwaway => throwaway::place(dir)
                .await
                .map(|(home, held)| (home, Some(held)))?,
            Mode::Command => (directory::place(dir)?, None),
            Mode::Serve => {
                let home = directory::place(dir)?;
                let served = lock::serve(&home.path).await?;
                (home, Some(served))
            }
        };
        let brought = PrivatePostgres::bring_up(&home, bindir).await;
        let (binaries, running, in_use) = match brought {
            Ok(brought) => brought,
            Err(error) => {
                if mode == Mode::Throwaway {
                    let _the_next_demo_sweeps = throwaway::leave(&home).await;
                }
                return Err(error);
            }
        };
        let notices = notices(&home, &running, mode);
        let socket = running.socket.clone();
        let (ending, _) = tokio::sync::watch::channel(false);
        let inner = Arc::new(Inner {
            home,
            binaries,
            running: Mutex::new(running),
            ending,
        });
        let in_use = Some(in_use);
        Ok(PrivatePostgres {
            inner,
            mode,
            notices,
            socket,
            in_use,
            _served: served,
        })
    }

    async fn bring_up(
        home: &Home,
        bindir: Option<&Path>,
    ) -> Result<(Binaries, Running, InUse), StartError> {
        let gate = lock::gate(&home.path).await?;
        let in_use = lock::use_database(&home.path, &gate)?;
        let binaries = ready::prepare(home, bindir).await?;
        let running = ready::bring_up(home, &binaries).await?;
        Ok((binaries, running, in_use))
    }

    /// How to connect: complete, whatever `PG…` variables the environment holds.
    pub fn connect_options(&self) -> PgConnectOptions {
        ready::options(&self.socket, cluster::ROLE)
    }

    /// What the person who started this should be told.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// The directory in use: not the wanted one when root had to go aside.
    pub fn home(&self) -> &Path {
        &self.inner.home.path
    }

    /// Restarts PostgreSQL whenever it dies, until `cancel` or [`PrivatePostgres::stop`].
    ///
    /// For the server, as a task of its own; the socket stays the same.
    pub fn watch(
        &self,
        cancel: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        watch::run(Arc::clone(&self.inner), cancel)
    }

    /// Leaves; ends PostgreSQL in order, unless somebody else still uses it.
    pub async fn stop(mut self) -> Result<(), StartError> {
        self.inner.ending.send_replace(true);
        let home = &self.inner.home;
        let gate = lock::gate(&home.path).await?;
        let alone = self.in_use.take().and_then(|in_use| in_use.last_one(&gate));
        if alone.is_none() {
            return Ok(());
        }
        if self.mode == Mode::Throwaway {
            return throwaway::leave(home).await;
        }
        postmaster::end(home, &self.inner.binaries).await?;
        socket::remove(home);
        Ok(())
    }
}

/// A start that went wrong further up must not leave PostgreSQL behind. It cannot wait here, so
/// it asks for the end and goes; the next start copes with one that is still ending.
impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        self.inner.ending.send_replace(true);
        let Some(in_use) = self.in_use.take() else {
            return;
        };
        let home = &self.inner.home;
        let Some(gate) = lock::gate_now(&home.path) else {
            return;
        };
        if in_use.last_one(&gate).is_none() {
            return;
        }
        match self.mode {
            Mode::Serve | Mode::Command => postmaster::signal(home, Ending::Fast),
            Mode::Throwaway => throwaway::abandon(home),
        }
    }
}

fn notices(home: &Home, running: &Running, mode: Mode) -> Vec<String> {
    let mended = running.mended.map(|pid| {
        format!("postmaster.pid named the process {pid}, which is no PostgreSQL: it was mended.")
    });
    let adopted = (mode == Mode::Serve && running.child.is_none()).then(|| {
        format!(
            "Took over the PostgreSQL that was still running (process {}).",
            running.pid
        )
    });
    home.notice
        .iter()
        .cloned()
        .chain(mended)
        .chain(adopted)
        .collect()
}
