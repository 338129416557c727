//! The promises of the incident, told as stories on a store in memory.
//!
//! The store loads exactly what [`needs`](crate::domain::facts::needs) names, so a rule that looks
//! at more than it asked for fails here and not in production.

mod acts;
mod any_order;
mod channels;
mod declaring;
mod ending;
mod forms;
mod memory;
mod rights;
mod telling;
mod troubles;
mod words_said;
