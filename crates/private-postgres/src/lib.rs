//! The private PostgreSQL that runs where no DATABASE_URL is set.
//!
//! It runs the host's own PostgreSQL in the data directory, on a Unix socket, with fsync on, so that
//! the same queries run on a laptop and in a cluster. It does not know what the database is for. One
//! server uses a directory; commands connect to its database; the last process that leaves stops
//! PostgreSQL. When the process is killed, PostgreSQL keeps running, and the next process connects
//! to it.

mod account;
mod cluster;
mod directory;
mod error;
mod find;
mod install;
mod lock;
mod names;
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
pub use names::Names;

use directory::Home;
use find::Binaries;
use lock::{Held, InUse};
use postmaster::Shutdown;
use ready::Running;

/// What the database is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A server. Fails when another server uses the directory.
    Serve,
    /// A command. It shares the database with a server and does not stop it.
    Command,
    /// A demo. It creates its own directory below the given one and removes it at the end. The
    /// directories of demos that were killed are removed at the start.
    Throwaway,
}

/// A running PostgreSQL. Stop it with [`PrivatePostgres::stop`].
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
    /// Starts PostgreSQL in a directory, or connects to the one that runs there.
    ///
    /// `bindir` contains PostgreSQL's programs; without it, the usual directories are searched.
    /// Needs a tokio runtime with I/O and time.
    pub async fn start(
        dir: &Path,
        bindir: Option<&Path>,
        mode: Mode,
        names: &'static Names,
    ) -> Result<PrivatePostgres, StartError> {
        find::possible(bindir, account::own_uid() == 0, names)?;
        let (home, served) = match mode {
            Mode::Throwaway => throwaway::place(dir, names)
                .await
                .map(|(home, held)| (home, Some(held)))?,
            Mode::Command => (directory::place(dir, names)?, None),
            Mode::Serve => {
                let home = directory::place(dir, names)?;
                let served = lock::serve(&home).await?;
                (home, Some(served))
            }
        };
        let started = PrivatePostgres::bring_up(&home, bindir).await;
        let (binaries, running, in_use) = match started {
            Ok(started) => started,
            Err(error) => {
                if mode == Mode::Throwaway {
                    let _removed_by_the_next_demo = throwaway::leave(&home).await;
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
        let start_lock = lock::start_lock(home).await?;
        let in_use = lock::use_database(&home.path, &start_lock)?;
        let binaries = ready::prepare(home, bindir).await?;
        let running = ready::bring_up(home, &binaries).await?;
        Ok((binaries, running, in_use))
    }

    /// How to connect, independent of libpq's variables.
    pub fn connect_options(&self) -> PgConnectOptions {
        let program = self.inner.home.names.program;
        ready::options(&self.socket, program, program)
    }

    /// Messages for the operator.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// The directory in use. It differs from the given one when PostgreSQL's user cannot access that.
    pub fn home(&self) -> &Path {
        &self.inner.home.path
    }

    /// Restarts PostgreSQL when it ends, until `cancel` or [`PrivatePostgres::stop`].
    ///
    /// For a server, in a task of its own. The socket stays the same.
    pub fn watch(
        &self,
        cancel: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        watch::run(Arc::clone(&self.inner), cancel)
    }

    /// Stops PostgreSQL, unless another process still uses it.
    pub async fn stop(mut self) -> Result<(), StartError> {
        self.inner.ending.send_replace(true);
        let home = &self.inner.home;
        let start_lock = lock::start_lock(home).await?;
        let alone = self
            .in_use
            .take()
            .and_then(|in_use| in_use.release_last(&start_lock));
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

/// Stops PostgreSQL also after an error in the caller. It cannot wait here, so it only sends the
/// signal; the next start waits for a PostgreSQL that is still stopping.
impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        self.inner.ending.send_replace(true);
        let Some(in_use) = self.in_use.take() else {
            return;
        };
        let home = &self.inner.home;
        let Some(start_lock) = lock::try_start_lock(&home.path) else {
            return;
        };
        if in_use.release_last(&start_lock).is_none() {
            return;
        }
        match self.mode {
            Mode::Serve | Mode::Command => postmaster::signal(home, Shutdown::Fast),
            Mode::Throwaway => throwaway::abandon(home),
        }
    }
}

fn notices(home: &Home, running: &Running, mode: Mode) -> Vec<String> {
    let corrected = running.corrected.map(|pid| {
        format!(
            "postmaster.pid named the process {pid}, which is not PostgreSQL: it was corrected."
        )
    });
    let found_running = (mode == Mode::Serve && running.child.is_none()).then(|| {
        format!(
            "Connected to the PostgreSQL that was still running (process {}).",
            running.pid
        )
    });
    home.notice
        .iter()
        .cloned()
        .chain(corrected)
        .chain(found_running)
        .collect()
}
