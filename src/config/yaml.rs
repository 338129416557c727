//! YAML as a tree in which every key and value knows where it was written.
//!
//! It must not know any key of ours, and must come back from any bytes: size, depth and the number
//! of nodes (with what aliases repeat) are bounded, and nothing here recurses deeper than `DEPTH`.
//! Built on the parser's events and not on a serde crate: those drop the places, take the last
//! of two equal keys silently, and stop at the first problem.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use super::problem::{Findings, Place, short};
use crate::invisible;

/// The largest file that is read.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;
/// How deep lists and maps may lie in one another.
const DEPTH: usize = 32;
/// How many nodes one file may have, repetitions by aliases included.
const NODES: usize = 20_000;

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub place: Place,
    pub kind: Kind,
}

/// What a value is, before a type is asked for.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Null,
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A single value. `written` is safe to show; `text` may hold what a variable held.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub text: String,
    pub written: String,
    /// In quotes, or a block, which makes it text.
    pub quoted: bool,
    /// On one line and without escapes, so that a place within it can be computed.
    pub flat: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub name: String,
    pub place: Place,
}

impl Node {
    pub(crate) fn empty_map(place: Place) -> Self {
        let kind = Kind::Map(Vec::new());
        Self { place, kind }
    }

    /// A single value as it was written.
    pub(crate) fn written(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(&scalar.written),
            Kind::Null | Kind::List(_) | Kind::Map(_) => None,
        }
    }
}

/// Reading stops here; the reason has been reported.
struct Stop;

/// Reads one document. `None` when its syntax is broken: then an error has been added. Duplicate
/// keys and tags are errors too, but the tree is returned so that the rest is checked as well.
pub(crate) fn parse(file: &str, bytes: &[u8], found: &Findings) -> Option<Node> {
    let file: Arc<str> = Arc::from(file);
    let text = match text(bytes) {
        Ok(text) => text,
        Err((at, message, hint)) => {
            found.error(&place_of_byte(&file, bytes, at), message, hint);
            return None;
        }
    };
    let builder = Builder {
        parser: Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)),
        file,
        found,
        anchors: HashMap::new(),
        nodes: 0,
        depth: 0,
    };
    builder.document().ok()
}

/// A file's text; else the first wrong byte, what is wrong, and a hint.
fn text(bytes: &[u8]) -> Result<&str, (usize, String, &'static str)> {
    if bytes.len() > MAX_BYTES {
        let message = "the file is larger than 1 MiB".to_owned();
        return Err((0, message, "split it with extends:"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let message = "the file is not UTF-8".to_owned();
        (error.valid_up_to(), message, "save it as UTF-8")
    })?;
    // The parser takes some of these for the end of the file, and the rest would be lost.
    match text.char_indices().find(|(_, one)| is_forbidden(*one)) {
        None => Ok(text),
        Some((at, one)) => {
            let code = u32::from(one);
            let message = format!("a control character (U+{code:04X}), which YAML does not allow");
            Err((at, message, "remove it"))
        }
    }
}

/// What no YAML file may hold: <https://yaml.org/spec/1.2.2/#51-character-set>
fn is_forbidden(one: char) -> bool {
    one.is_control() && !matches!(one, '\t' | '\n' | '\r' | '\u{85}')
}

fn place_of_byte(file: &Arc<str>, bytes: &[u8], index: usize) -> Place {
    let before = String::from_utf8_lossy(&bytes[..index]);
    let last = before.rsplit('\n').next().unwrap_or_default();
    Place {
        file: Arc::clone(file),
        line: before.matches('\n').count() + 1,
        column: last.chars().count() + 1,
    }
}

struct Builder<'t, 'f> {
    parser: Parser<'t, StrInput<'t>>,
    file: Arc<str>,
    found: &'f Findings,
    /// Nodes that aliases may repeat, each with the number of nodes in it.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    depth: usize,
}

impl<'t> Builder<'t, '_> {
    fn document(mut self) -> Result<Node, Stop> {
        let mut root = Node::empty_map(Place::top(&self.file));
        let mut documents = 0;
        loop {
            match self.next()? {
                (Event::DocumentStart(_), span) if documents == 1 => {
                    let message = "a second document begins here";
                    let hint = "one file is one document: drop the --- or use extends:";
                    return Err(self.stop(&self.place(&span.start), message, hint));
                }
                (Event::DocumentStart(_), _) => documents += 1,
                (Event::StreamEnd, _) => return Ok(root),
                (Event::StreamStart | Event::DocumentEnd | Event::Nothing, _) => {}
                (event, span) => root = self.node(event, span)?,
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Stop> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let message = format!("this is not YAML: {}", error.info());
                let hint = "look at the indentation, quotes and brackets here and just before";
                Err(self.stop(&self.place(error.marker()), message, hint))
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span) -> Result<Node, Stop> {
        let (place, before) = (self.place(&span.start), self.nodes);
        let anchor = self.anchor_of(&event, &place);
        let kind = match event {
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    let message = "this alias names something that contains it";
                    return Err(self.stop(&place, message, "write the value itself"));
                };
                self.count(&place, size)?;
                return Ok(node);
            }
            Event::SequenceStart(..) => Kind::List(self.within(&place, Self::items)?),
            Event::MappingStart(..) => Kind::Map(self.within(&place, Self::entries)?),
            Event::Scalar(text, style, ..) => {
                self.count(&place, 1)?;
                scalar(&text, style, &span)
            }
            // No other event is in the place of a node.
            _ => Kind::Null,
        };
        let node = Node { place, kind };
        if anchor != 0 {
            // The copy counts, or nested anchors would be a bomb.
            let size = self.nodes - before;
            self.count(&node.place, size)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(node)
    }

    fn within<T>(
        &mut self,
        place: &Place,
        read: fn(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        if self.depth >= DEPTH {
            let message = format!("nested more than {DEPTH} levels deep");
            return Err(self.stop(place, message, "write it flatter"));
        }
        self.count(place, 1)?;
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn items(&mut self) -> Result<Vec<Node>, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    /// Of two equal keys the first one's value stays.
    fn entries(&mut self) -> Result<Vec<(Key, Node)>, Stop> {
        let mut entries = Vec::new();
        // With their lines; a scan of the entries would be quadratic.
        let mut seen: HashMap<String, usize> = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            let place = self.place(&span.start);
            self.anchor_of(&event, &place);
            let text = match event {
                Event::MappingEnd => return Ok(entries),
                Event::Scalar(text, ..) => text,
                _ => {
                    let message = "a key must be a plain word";
                    return Err(self.stop(&place, message, "write it as `name: value`"));
                }
            };
            self.count(&place, 1)?;
            let name = invisible::trim_marks(&text).to_owned();
            let (event, span) = self.next()?;
            let value = self.node(event, span)?;
            if let Some(first) = seen.get(&name) {
                let message = format!("the key `{}` is given twice", short(&name));
                let hint = format!("it was first given on line {first}: keep one");
                self.found.error(&place, message, hint);
            } else {
                seen.insert(name.clone(), place.line);
                entries.push((Key { name, place }, value));
            }
        }
    }

    /// A node's anchor, 0 for none. Tags are refused.
    fn anchor_of(&self, event: &Event<'t>, place: &Place) -> usize {
        let (Event::Scalar(_, _, anchor, tag)
        | Event::SequenceStart(anchor, tag)
        | Event::MappingStart(anchor, tag)) = event
        else {
            return 0;
        };
        if tag.is_some() {
            let hint = "drop the word that begins with `!`; quote a value to make it text";
            self.found.error(place, "YAML tags are not used here", hint);
        }
        *anchor
    }

    fn place(&self, at: &Marker) -> Place {
        Place {
            file: Arc::clone(&self.file),
            line: at.line().max(1),
            column: at.col() + 1,
        }
    }

    fn count(&mut self, place: &Place, more: usize) -> Result<(), Stop> {
        self.nodes += more;
        if self.nodes <= NODES {
            return Ok(());
        }
        let message = format!("the file has more than {NODES} values");
        Err(self.stop(place, message, "aliases count each time they are used"))
    }

    fn stop(&self, place: &Place, message: impl Into<String>, hint: &str) -> Stop {
        self.found.error(place, message, hint);
        Stop
    }
}

fn scalar(text: &str, style: ScalarStyle, span: &Span) -> Kind {
    let quoted = style != ScalarStyle::Plain;
    if !quoted && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Kind::Null;
    }
    let width = span.end.col().saturating_sub(span.start.col());
    let flat = span.start.line() == span.end.line()
        && width == text.chars().count() + 2 * usize::from(quoted);
    let text = invisible::trim_marks(text).to_owned();
    Kind::Scalar(Scalar {
        written: text.clone(),
        text,
        quoted,
        flat,
    })
}
