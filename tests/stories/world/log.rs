//! Listens for what is logged. A story runs on one thread, so each hears its own only.
//!
//! All of ours from DEBUG on is kept, for the story that looks for what must not be logged; lines
//! at ERROR fail a story by themselves.

use std::sync::{Arc, Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::{Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// The lines so far.
pub struct Log {
    lines: Arc<Mutex<Vec<(Level, String)>>>,
    _listening: tracing::subscriber::DefaultGuard,
}

impl Log {
    /// Lines at ERROR.
    pub fn errors(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let errors = lines.iter().filter(|(level, _)| *level == Level::ERROR);
        errors.map(|(_, line)| line.clone()).collect()
    }

    /// Lines at any level, and the fields of spans.
    pub fn all(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|(_, line)| line.clone()).collect()
    }
}

struct Ear(Arc<Mutex<Vec<(Level, String)>>>);

impl Ear {
    fn hears(&self, level: Level, line: Line) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push((level, line.0));
    }
}

impl<S: Subscriber> Layer<S> for Ear {
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _context: Context<'_, S>) -> bool {
        let ours = metadata.target().starts_with("wardroom");
        ours && *metadata.level() <= Level::DEBUG || *metadata.level() == Level::ERROR
    }

    fn on_event(&self, event: &tracing::Event<'_>, _context: Context<'_, S>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        self.hears(*event.metadata().level(), line);
    }

    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        _id: &tracing::span::Id,
        _context: Context<'_, S>,
    ) {
        let mut line = Line(attributes.metadata().name().to_owned());
        attributes.record(&mut line);
        self.hears(Level::DEBUG, line);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!(" {}={value:?}", field.name()));
    }
}

pub fn listen() -> Log {
    let lines: Arc<Mutex<Vec<(Level, String)>>> = Arc::default();
    let subscriber = tracing_subscriber::registry().with(Ear(lines.clone()));
    let _listening = tracing::subscriber::set_default(subscriber);
    Log { lines, _listening }
}
