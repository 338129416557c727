//! The decoders, which make signals of rows of the inbox: one for each source, with the kinds that it reads.

use crate::domain::areas::{Event, Signal};
use crate::domain::ids::Membership;
use crate::engine::{Decode, Decoder};
use crate::slack::address::Installation;
use crate::slack::unchecked::{Checked, check, refuse_without_token};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;

pub(super) fn all(installation: watch::Receiver<Installation>) -> HashMap<&'static str, Decoder> {
    let slack: Decode = Arc::new(move |row, body, rules| {
        let installation = installation.borrow().clone();
        let decode = |membership| {
            crate::slack::decode::decode(&row.kind, body, membership, row.id, row.at, rules)
                .map_err(|error| error.to_string())
        };
        match check(&row.headers, &row.kind, body, rules, &installation) {
            Checked::Pending => Ok(None),
            Checked::Ignored { what } => Ok(Some(Signal {
                id: row.id,
                at: row.at,
                event: Event::Unused {
                    what: what.to_owned(),
                },
            })),
            Checked::NoToken => {
                decode(Membership::Ours).map(|signal| Some(refuse_without_token(signal)))
            }
            Checked::Ours(membership) => decode(membership).map(Some),
        }
    });
    let github: Decode = Arc::new(|row, body, _rules| {
        let content_type = row.headers["content_type"]
            .as_str()
            .unwrap_or("application/json");
        crate::github::decode::decode(&row.kind, content_type, body, row.id, row.at).map(Some)
    });
    let api: Decode = Arc::new(|row, body, _rules| {
        crate::edge::api::wire::decode_api(body, row.id, row.at).map(Some)
    });
    let reads = |kinds, decode| Decoder { kinds, decode };
    HashMap::from([
        ("slack", reads(crate::slack::address::kinds(), slack)),
        ("github", reads(crate::github::events::kinds(), github)),
        ("api", reads(crate::edge::api::wire::kinds(), api)),
    ])
}
