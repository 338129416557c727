//! YAML as a tree in which every key and value knows where it was written.
//!
//! It must not know any key of ours, and must come back from any bytes: size, depth and the number
//! of nodes (with what aliases repeat) are bounded, and nothing here recurses deeper than `DEPTH`.
//! Built on the parser's events and not on a serde crate: those drop the places, take the last
//! of two equal keys silently, and stop at the first problem.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::problem::{Findings, Place, short};
use crate::unseen;

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

/// What a value is, before anyone asks for a type.
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
    pub style: Style,
    /// On one line and without escapes, so that a place within it can be computed.
    pub flat: bool,
}

/// Whether a scalar stands between quotes (or is a block), which makes it text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Quoted,
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub name: String,
    pub place: Place,
}

impl Node {
    pub(crate) fn empty_map(place: Place) -> Self {
        Self {
            place,
            kind: Kind::Map(Vec::new()),
        }
    }
}

/// A list or map that is still open.
struct Open {
    node: Node,
    key: Option<Key>,
    /// The keys so far with their lines; a scan of the entries would be quadratic.
    seen: HashMap<String, usize>,
    /// Whether `key` is there already: of two equal keys the first one's value stays.
    repeated: bool,
    anchor: usize,
    /// The node count when it was opened: its size is the difference when it closes.
    before: usize,
}

struct Builder<'f> {
    file: Arc<str>,
    found: &'f mut Findings,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    root: Option<Node>,
}

/// The reason why reading stops here; it has been reported.
struct Stop;

/// Reads one document. `None` when its syntax is broken: then an error has been added. Duplicate
/// keys and tags are errors too, but the tree is returned so that the rest is checked as well.
pub(crate) fn parse(file: &str, bytes: &[u8], found: &mut Findings) -> Option<Node> {
    let file: Arc<str> = Arc::from(file);
    if bytes.len() > MAX_BYTES {
        found
            .error(&Place::new(&file, 1, 1), "the file is larger than 1 MiB")
            .hint("split it with extends:");
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let place = place_of_byte(&file, bytes, error.valid_up_to());
            found
                .error(&place, "the file is not UTF-8")
                .hint("save it as UTF-8");
            return None;
        }
    };
    if let Some((at, letter)) = text
        .char_indices()
        .find(|(_, letter)| is_forbidden(*letter))
    {
        // The parser takes some of these for the file's end: what stands behind would be lost.
        let code = u32::from(letter);
        found
            .error(
                &place_of_byte(&file, text.as_bytes(), at),
                format!("a control character (U+{code:04X}), which YAML does not allow"),
            )
            .hint("remove it");
        return None;
    }
    let builder = Builder {
        file,
        found,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
    };
    builder.run(text).ok()
}

/// What no YAML file may hold: <https://yaml.org/spec/1.2.2/#51-character-set>
fn is_forbidden(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\t' | '\n' | '\r' | '\u{85}')
}

fn place_of_byte(file: &Arc<str>, bytes: &[u8], index: usize) -> Place {
    let before = String::from_utf8_lossy(&bytes[..index]);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |last| last.chars().count())
        + 1;
    Place::new(file, line, column)
}

impl Builder<'_> {
    fn run(mut self, text: &str) -> Result<Node, Stop> {
        let mut parser = Parser::new_from_str(text);
        let mut documents = 0;
        while let Some(next) = parser.next_event() {
            let (event, span) = match next {
                Ok(next) => next,
                Err(error) => {
                    let mark = error.marker();
                    let place = Place::new(&self.file, mark.line().max(1), mark.col() + 1);
                    self.found
                        .error(&place, format!("this is not YAML: {}", error.info()))
                        .hint("look at the indentation, quotes and brackets here and just before");
                    return Err(Stop);
                }
            };
            match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        let place = self.place(&span);
                        self.found
                            .error(&place, "a second document begins here")
                            .hint("one file is one document: drop the --- or use extends:");
                        return Err(Stop);
                    }
                }
                Event::StreamEnd => break,
                event => self.take(event, &span)?,
            }
        }
        Ok(self
            .root
            .unwrap_or_else(|| Node::empty_map(Place::new(&self.file, 1, 1))))
    }

    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Stop> {
        let place = self.place(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.tagged(&place, tag.as_deref());
                if self.wants_key() {
                    return self.key(text, place);
                }
                let node = Node {
                    place,
                    kind: scalar(text, style, span),
                };
                self.count(&node.place, 1)?;
                self.anchor(anchor, &node, 1)?;
                self.put(node);
            }
            Event::Alias(anchor) => {
                if self.wants_key() {
                    return self.bad_key(&place);
                }
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    self.found
                        .error(&place, "this alias names something that contains it");
                    return Err(Stop);
                };
                self.count(&place, size)?;
                self.put(node);
            }
            Event::SequenceStart(anchor, tag) => {
                self.tagged(&place, tag.as_deref());
                self.push(place, Kind::List(Vec::new()), anchor)?;
            }
            Event::MappingStart(anchor, tag) => {
                self.tagged(&place, tag.as_deref());
                self.push(place, Kind::Map(Vec::new()), anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(done) = self.open.pop() {
                    let size = self.nodes - done.before;
                    self.anchor(done.anchor, &done.node, size)?;
                    self.put(done.node);
                }
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn place(&self, span: &Span) -> Place {
        Place::new(&self.file, span.start.line().max(1), span.start.col() + 1)
    }

    fn wants_key(&self) -> bool {
        self.open
            .last()
            .is_some_and(|open| open.key.is_none() && matches!(open.node.kind, Kind::Map(_)))
    }

    fn bad_key(&mut self, place: &Place) -> Result<(), Stop> {
        self.found
            .error(place, "a key must be a plain word")
            .hint("write it as `name: value`");
        Err(Stop)
    }

    fn key(&mut self, text: Cow<'_, str>, place: Place) -> Result<(), Stop> {
        self.count(&place, 1)?;
        let open = self.open.last_mut().expect("wants_key saw an open map");
        if let Some(first) = open.seen.get(&*text) {
            self.found
                .error(
                    &place,
                    format!("the key `{}` stands here a second time", short(&text)),
                )
                .hint(format!("it was first given on line {first}: keep one"));
            open.repeated = true;
        } else {
            open.seen.insert(text.clone().into_owned(), place.line);
        }
        open.key = Some(Key {
            name: unseen::trim_marks(&text).to_owned(),
            place,
        });
        Ok(())
    }

    fn push(&mut self, place: Place, kind: Kind, anchor: usize) -> Result<(), Stop> {
        if self.wants_key() {
            return self.bad_key(&place);
        }
        if self.open.len() >= DEPTH {
            self.found
                .error(&place, format!("nested more than {DEPTH} levels deep"));
            return Err(Stop);
        }
        let before = self.nodes;
        self.count(&place, 1)?;
        self.open.push(Open {
            node: Node { place, kind },
            key: None,
            seen: HashMap::new(),
            repeated: false,
            anchor,
            before,
        });
        Ok(())
    }

    fn put(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.node.kind {
            Kind::List(items) => items.push(node),
            Kind::Map(entries) => {
                let key = open.key.take().expect("a value in a map follows its key");
                if !std::mem::take(&mut open.repeated) {
                    entries.push((key, node));
                }
            }
            Kind::Null | Kind::Scalar(_) => {}
        }
    }

    /// Keeps an anchored node for its aliases; the copy counts, or nested anchors would be a bomb.
    fn anchor(&mut self, anchor: usize, node: &Node, size: usize) -> Result<(), Stop> {
        if anchor != 0 {
            self.count(&node.place, size)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(())
    }

    fn count(&mut self, place: &Place, more: usize) -> Result<(), Stop> {
        self.nodes += more;
        if self.nodes > NODES {
            self.found
                .error(place, format!("the file has more than {NODES} values"))
                .hint("aliases count each time they are used");
            return Err(Stop);
        }
        Ok(())
    }

    fn tagged(&mut self, place: &Place, tag: Option<&saphyr_parser::Tag>) {
        if tag.is_some() {
            self.found
                .error(place, "YAML tags are not used here")
                .hint("drop the word that begins with `!`; quote a value to make it text");
        }
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, span: &Span) -> Kind {
    let style = match style {
        ScalarStyle::Plain => Style::Plain,
        _ => Style::Quoted,
    };
    if style == Style::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") {
        return Kind::Null;
    }
    let quotes = if style == Style::Quoted { 2 } else { 0 };
    let width = span.end.col().saturating_sub(span.start.col());
    let flat = span.start.line() == span.end.line() && width == text.chars().count() + quotes;
    let text = unseen::trim_marks(&text).to_owned();
    Kind::Scalar(Scalar {
        written: text.clone(),
        text,
        style,
        flat,
    })
}
