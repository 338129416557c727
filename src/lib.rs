//! Wardroom.
