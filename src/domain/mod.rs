//! The core: what happened, what we conclude, what is to be done. Pure.
//!
//! No async, no SQL, no HTTP, no provider: everything takes `now` and gives back a value. An
//! adapter turns what arrives into a [`areas::Signal`] and carries out an [`effect::Effect`].

pub mod answer;
pub mod area;
pub mod areas;
pub mod ci;
pub mod decision;
pub mod declaration;
pub mod effect;
pub mod healing;
pub mod ids;
pub mod incident;
pub mod looked_to;
pub mod measure;
pub mod observation;
pub mod requester;
pub mod rules;
pub mod severity;
pub mod signal;
pub mod text;
pub mod told;
pub mod weekly;
