//! Whether a partner's person, in a channel that two workspaces share, may ask for anything.
//!
//! All or nothing: a list and a menu tell of every open incident, so reading is no lesser act.

use super::super::ids::Membership;
use super::super::rules::Outsiders;
use super::super::text::Text;
use super::act::Request;
use super::ask::{Refusal, Scene};

/// Refuses an outsider where the configuration says so.
pub(crate) fn permitted(request: &Request, scene: &Scene<'_>) -> Result<(), Refusal> {
    if request.membership == Membership::Ours || scene.rules.outsiders == Outsiders::Allow {
        return Ok(());
    }
    let text = Text::plain(
        "Wardroom takes requests only from members of its own workspace. Nothing was changed. Ask \
         one of its members to do it for you.",
    );
    Err(Refusal::new(403, "outsider", text))
}
