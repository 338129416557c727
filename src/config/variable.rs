//! What a variable of the environment is, and the macro that makes one of a row.
//!
//! A row is a documented field: from it come the struct's field, how it is read, its line in the list of
//! all variables, and whether it differs between two configurations.

/// A variable of the environment.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// The name in the environment.
    pub name: &'static str,
    /// Other names that are read when it is not set.
    pub aliases: &'static [&'static str],
    /// The default as a text, or in words; empty when there is none.
    pub default: &'static str,
    /// Whether its value is never printed; `NAME_FILE` is read too then.
    pub secret: bool,
    pub doc: &'static str,
    /// Whether no code uses it so far.
    pub no_effect_yet: bool,
    /// The heading in `docs/CONFIGURATION.md`.
    pub section: &'static str,
}

impl Variable {
    /// The name and the aliases.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// Sections of documented variables. A row is
/// `NAME | ALIAS [secret later] = "default"; field: Type = reader,`
/// A field with a default is read from that text when the variable is not set. Without one, or with a
/// default in words (`~ "…"`), the field is an `Option`.
macro_rules! variables {
    ($(
        $(#[doc = $section_doc:literal])+
        $section:ident: $Section:ident = $heading:literal {$(
            $(#[doc = $doc:literal])+
            $NAME:ident $(| $alias:ident)* $([$($flag:ident)+])? $(= $default:literal)? $(~ $words:literal)?;
            $field:ident: $Type:ty = $reader:expr,
        )+}
    )+) => {
        /// Every variable that is read, in the order of the documentation.
        pub const VARIABLES: &[Variable] = &[$($(Variable {
            name: stringify!($NAME),
            aliases: &[$(stringify!($alias)),*],
            default: concat!($($default)? $($words)?),
            secret: $($(variables!(@is_secret $flag) ||)+)? false,
            doc: concat!($($doc),+).trim_ascii(),
            no_effect_yet: $($(variables!(@is_later $flag) ||)+)? false,
            section: $heading,
        },)+)+];

        /// What the variables hold.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Variables {
            $($(#[doc = $section_doc])+ pub $section: $Section,)+
        }

        impl Variables {
            pub(crate) fn read(env: &Environment<'_>) -> Self {
                Self { $($section: $Section::read(env),)+ }
            }

            /// The names of those that differ.
            pub(crate) fn differing(&self, other: &Self) -> Vec<&'static str> {
                let mut names = Vec::new();
                $($(if self.$section.$field != other.$section.$field {
                    names.push(stringify!($NAME));
                })+)+
                names
            }
        }

        $($(#[doc = $section_doc])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $Section {
            $($(#[doc = $doc])+ pub $field: $Type,)+
        }

        impl $Section {
            fn read(env: &Environment<'_>) -> Self {
                Self { $($field: variables!(@read env, stringify!($NAME), $reader $(, $default)?),)+ }
            }
        })+
    };
    (@read $env:ident, $name:expr, $reader:expr) => { $env.optional($name, $reader) };
    (@read $env:ident, $name:expr, $reader:expr, $default:literal) => {
        $env.filled($name, $default, $reader)
    };
    (@is_secret secret) => { true };
    (@is_secret later) => { false };
    (@is_later later) => { true };
    (@is_later secret) => { false };
}

pub(super) use variables;
