//! `${VAR}` and `${VAR:-default}` in the values of a tree that has been parsed.
//!
//! Filled in after parsing, so that a variable's content can never become YAML, and once, so that
//! it can never name another variable. An empty variable counts as unset everywhere. What was
//! written is kept beside what it became: only the former is ever shown.

use super::problem::{Findings, Place, short};
use super::yaml::{Kind, Node, Scalar};

/// How much text all variables of one file may add up to.
const MAX_TEXT: usize = 4 * 1024 * 1024;

/// How variables are looked up: `Ok(None)` is unset, `Err` a file that could not be read.
pub(crate) type Lookup<'a> = dyn Fn(&str) -> Result<Option<String>, String> + 'a;

/// Replaces every reference in the tree; unset variables without a default are errors.
pub(crate) fn expand(node: &mut Node, lookup: &Lookup<'_>, found: &Findings) {
    let budget = MAX_TEXT;
    let mut expanding = Expanding {
        lookup,
        found,
        budget,
    };
    expanding.walk(node);
}

const SHAPE: &str = "write ${NAME} or ${NAME:-default}; a literal ${ is written $${";

struct Expanding<'e> {
    lookup: &'e Lookup<'e>,
    found: &'e Findings,
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
        let mut out = String::new();
        let mut rest = scalar.written.as_str();
        while let Some(start) = rest.find("${") {
            // `$${` is a literal `${`.
            if let Some(before) = rest[..start].strip_suffix('$') {
                out = out + before + "${";
                rest = &rest[start + 2..];
                continue;
            }
            out.push_str(&rest[..start]);
            rest = &rest[start..];
            let at = scalar.written.len() - rest.len();
            let (value, after) = match rest.split_once('}') {
                Some((reference, after)) => (self.value(&reference[2..]), after),
                None => (Err(("`${` is not closed".to_owned(), SHAPE.to_owned())), ""),
            };
            match value {
                Ok(value) => out.push_str(&value),
                Err((message, hint)) => {
                    self.found.error(&within(scalar, place, at), message, hint);
                }
            }
            rest = after;
        }
        out + rest
    }

    /// The value of a reference; else what is wrong with it, and a hint.
    fn value(&mut self, reference: &str) -> Result<String, (String, String)> {
        let (name, default) = match reference.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (reference, None),
        };
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let digit = name.starts_with(|c: char| c.is_ascii_digit());
        if name.is_empty() || digit || !name.chars().all(inner) {
            let message = format!("`{}` is not the name of a variable", short(name));
            return Err((message, SHAPE.to_owned()));
        }
        let value = match ((self.lookup)(name), default) {
            (Ok(Some(value)), _) => value,
            (Ok(None), Some(default)) => default.to_owned(),
            (Ok(None), None) => {
                let hint = format!("set it, or give a default: ${{{name}:-…}}");
                return Err((format!("the variable {name} is not set"), hint));
            }
            (Err(why), _) => {
                let hint = "it names a file that holds the value and nothing else";
                return Err((why, hint.to_owned()));
            }
        };
        let Some(left) = self.budget.checked_sub(value.len()) else {
            let message = "the variables of this file add up to more than 4 MiB";
            return Err((message.to_owned(), "use shorter values".to_owned()));
        };
        self.budget = left;
        Ok(value)
    }
}

/// The place of a byte of a scalar, or the scalar's own where lines or escapes hide it.
fn within(scalar: &Scalar, place: &Place, byte: usize) -> Place {
    if !scalar.flat {
        return place.clone();
    }
    place.moved_right(scalar.written[..byte].chars().count() + usize::from(scalar.quoted))
}

#[cfg(test)]
mod tests {
    use super::super::yaml::parse;
    use super::*;

    fn expanded(yaml: &str) -> Result<String, String> {
        let found = Findings::default();
        let mut node = parse("f", yaml.as_bytes(), &found).expect("the table is YAML");
        let lookup = |name: &str| match name {
            "A" => Ok(Some("alpha".to_owned())),
            "NESTED" => Ok(Some("${A}".to_owned())),
            "BROKEN" => Err("cannot read".to_owned()),
            _ => Ok(None),
        };
        expand(&mut node, &lookup, &found);
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
