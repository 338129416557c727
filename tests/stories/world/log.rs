//! Listens for lines at ERROR. A story runs on one thread, so each hears its own only.

use std::sync::{Arc, Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// The lines at ERROR so far.
pub struct Errors {
    lines: Arc<Mutex<Vec<String>>>,
    _listening: tracing::subscriber::DefaultGuard,
}

impl Errors {
    pub fn all(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

struct Ear(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &tracing::Event<'_>, _context: Context<'_, S>) {
        if *event.metadata().level() != tracing::Level::ERROR {
            return;
        }
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!(" {}={value:?}", field.name()));
    }
}

pub fn listen() -> Errors {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let subscriber = tracing_subscriber::registry().with(Ear(lines.clone()));
    let _listening = tracing::subscriber::set_default(subscriber);
    Errors { lines, _listening }
}
