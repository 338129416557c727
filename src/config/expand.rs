//! `${VAR}` and `${VAR:-default}` in the values of a tree that has been parsed.
//!
//! Filled in after parsing, so that a variable's content can never become YAML, and once, so that
//! it can never name another variable. An empty variable counts as unset everywhere. What was
//! written is kept beside what it became: only the former is ever shown.

use super::problem::{Findings, Place, short};
use super::yaml::{Kind, Node, Scalar, Style};

/// How much text all variables of one file may add up to.
const MAX_TEXT: usize = 4 * 1024 * 1024;

/// How variables are looked up: `Ok(None)` is unset, `Err` a file that could not be read.
pub(crate) type Lookup<'a> = dyn Fn(&str) -> Result<Option<String>, String> + 'a;

/// Replaces every reference in the tree; unset variables without a default are errors.
pub(crate) fn expand(node: &mut Node, lookup: &Lookup<'_>, found: &mut Findings) {
    let budget = MAX_TEXT;
    Expanding {
        lookup,
        found,
        budget,
    }
    .walk(node);
}

const SHAPE: &str = "write ${NAME} or ${NAME:-default}; a literal ${ is written $${";

struct Expanding<'e> {
    lookup: &'e Lookup<'e>,
    found: &'e mut Findings,
    /// How much text variables may still add.
    budget: usize,
}

impl Expanding<'_> {
    fn walk(&mut self, node: &mut Node) {
        match &mut node.kind {
            Kind::Null => {}
            Kind::List(items) => items.iter_mut().for_each(|item| self.walk(item)),
            Kind::Map(entries) => {
                for (key, value) in entries {
                    if key.name.contains("${") {
                        let message = "a variable in the place of a key is not filled in";
                        let hint = "write the key itself; variables are for values";
                        self.found.error(&key.place, message, hint);
                    }
                    self.walk(value);
                }
            }
            Kind::Scalar(scalar) => scalar.text = self.replaced(scalar, &node.place),
        }
    }

    fn replaced(&mut self, scalar: &Scalar, place: &Place) -> String {
        let written = scalar.written.as_str();
        let mut out = String::new();
        let mut rest = written;
        while let Some(start) = rest.find("${") {
            // `$${` is a literal `${`.
            if rest[..start].ends_with('$') {
                out.push_str(&rest[..start - 1]);
                out.push_str("${");
                rest = &rest[start + 2..];
                continue;
            }
            out.push_str(&rest[..start]);
            let at = within(scalar, place, written.len() - rest.len() + start);
            let Some(length) = rest[start..].find('}') else {
                self.found.error(&at, "`${` is not closed", SHAPE);
                return out;
            };
            let value = self.value(&rest[start + 2..start + length], &at);
            rest = &rest[start + length + 1..];
            let Some(left) = self.budget.checked_sub(value.len()) else {
                let message = "the variables of this file add up to more than 4 MiB";
                self.found.error(&at, message, "use shorter values");
                return out;
            };
            self.budget = left;
            out.push_str(&value);
        }
        out + rest
    }

    /// What stands for `inside`; empty where that is an error.
    fn value(&mut self, inside: &str, at: &Place) -> String {
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty()
            || name.starts_with(|c: char| c.is_ascii_digit())
            || !name.chars().all(inner)
        {
            let message = format!("`{}` is not the name of a variable", short(name));
            self.found.error(at, message, SHAPE);
            return String::new();
        }
        let (message, hint) = match ((self.lookup)(name), default) {
            (Ok(Some(value)), _) => return value,
            (Ok(None), Some(default)) => return default.to_owned(),
            (Ok(None), None) => {
                let hint = format!("set it, or give a default: ${{{name}:-…}}");
                (format!("the variable {name} is not set"), hint)
            }
            (Err(why), _) => (
                why,
                "it names a file that holds the value and nothing else".to_owned(),
            ),
        };
        self.found.error(at, message, hint);
        String::new()
    }
}

/// The place of a byte of a scalar, or the scalar's own where lines or escapes hide it.
fn within(scalar: &Scalar, place: &Place, byte: usize) -> Place {
    if !scalar.flat {
        return place.clone();
    }
    let quote = usize::from(scalar.style == Style::Quoted);
    place.moved_right(scalar.written[..byte].chars().count() + quote)
}

#[cfg(test)]
mod tests {
    use super::super::yaml::parse;
    use super::*;

    fn expanded(yaml: &str) -> Result<String, String> {
        let mut found = Findings::default();
        let mut node = parse("f", yaml.as_bytes(), &mut found).expect("the table is YAML");
        let lookup = |name: &str| match name {
            "A" => Ok(Some("alpha".to_owned())),
            "NESTED" => Ok(Some("${A}".to_owned())),
            "BROKEN" => Err("cannot read".to_owned()),
            _ => Ok(None),
        };
        expand(&mut node, &lookup, &mut found);
        match found.conclude() {
            Err(problems) => Err(problems[0].to_string().lines().next().unwrap().to_owned()),
            Ok(_) => match node.kind {
                Kind::Scalar(scalar) => Ok(scalar.text),
                _ => panic!("the table holds scalars"),
            },
        }
    }

    #[test]
    fn references_become_their_values_once() {
        for (yaml, expected) in [
            ("${A}", Ok("alpha")),
            ("x-${A}-${A}-y", Ok("x-alpha-alpha-y")),
            ("${B:-beta}", Ok("beta")),
            ("${B:-}", Ok("")),
            ("${A:-beta}", Ok("alpha")),
            ("${NESTED}", Ok("${A}")),
            ("$A and $ and }", Ok("$A and $ and }")),
            ("$${A}", Ok("${A}")),
            ("\"ä ${B}\"", Err("f:1:4: error: the variable B is not set")),
            ("ab ${", Err("f:1:4: error: `${` is not closed")),
            (
                "${1}",
                Err("f:1:1: error: `1` is not the name of a variable"),
            ),
            ("${BROKEN}", Err("f:1:1: error: cannot read")),
        ] {
            let actual = expanded(yaml);
            assert_eq!(
                actual,
                expected.map(str::to_owned).map_err(str::to_owned),
                "{yaml}"
            );
        }
    }
}
