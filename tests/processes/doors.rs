//! The functions behind the fuzz targets, over seeded mutations of what really comes: a short run
//! of what `fuzz/` does at length.

use crate::harness::mutate::Mutator;

#[path = "../../fuzz/entries.rs"]
mod entries;

/// What each door is made for.
fn usual(door: &str) -> Vec<&'static str> {
    const CLICK: &str = r#"{"type":"block_actions","user":{"id":"U0ADA"},"team":{"id":"T1"},"trigger_id":"1.2","channel":{"id":"C0OPS"},"container":{"message_ts":"1.2"},"actions":[{"action_id":"investigating","action_ts":"1.3","value":"1","type":"button"}],"response_url":"https://hooks.slack.com/x"}"#;
    match door {
        "slack_command" => vec![
            "command=%2Fincident&text=declare+P1+api+it+is+down&user_id=U0ADA&channel_id=C0OPS&team_id=T1&trigger_id=1.2&response_url=https%3A%2F%2Fhooks.slack.com%2Fx",
        ],
        "slack_interaction" => vec![
            CLICK,
            r#"{"type":"view_submission","user":{"id":"U0ADA"},"view":{"id":"V1","hash":"h","callback_id":"declare","private_metadata":"{\"form\":\"declare\"}","state":{"values":{"title":{"title":{"type":"plain_text_input","value":"x"}}}}}}"#,
        ],
        "slack_event" => vec![
            r#"{"type":"event_callback","event_id":"Ev1","team_id":"T1","event":{"type":"channel_rename","channel":{"id":"C0OPS","name":"x"}}}"#,
        ],
        "slack_signature" => {
            vec!["1700000000\nv0=00000000000000000000000000000000000000000000000000000000000000ff"]
        }
        "typed_command" => vec![
            "declare P1 api Checkout &amp; more",
            "#12 assign comms <@U0BEA|bea>",
            "severity P2 it is <https://a.b|better>",
            "merge #3",
            "help \u{130}",
        ],
        "github_webhook" => vec![
            "workflow_run\n{\"action\":\"completed\",\"workflow_run\":{\"id\":7},\"repository\":{\"full_name\":\"a/b\"}}",
            "push form\npayload=%7B%22ref%22%3A%22x%22%7D",
        ],
        "api_call" => vec![r#"{"actor":"ci","act":{"Update":{"text":"x"}},"target":{"Number":1}}"#],
        "config_file" => vec![
            crate::harness::CONFIG,
            "services:\n  \"a\": &x { owners: [U1] }\n  b: *x\nadmins: [\"${HOME:-U1}\"]\ntemplates: []\n",
        ],
        other => panic!("no usual bytes for {other}"),
    }
}

#[test]
fn no_door_panics_and_what_is_kept_can_be_read() {
    knocked(3_000, 7);
}

#[test]
#[ignore = "long: a hundred times as many, other ones at each run"]
fn no_door_panics_however_long_one_knocks() {
    let seed = chrono::Utc::now().timestamp();
    knocked(300_000, u64::try_from(seed).unwrap());
}

fn knocked(turns: usize, seed: u64) {
    for (door, entry) in entries::ENTRIES {
        let usual: Vec<Vec<u8>> = usual(door)
            .into_iter()
            .map(|text| match door {
                // A form around the JSON.
                "slack_interaction" => form_urlencoded::Serializer::new(String::new())
                    .append_pair("payload", text)
                    .finish()
                    .into_bytes(),
                _ => text.as_bytes().to_vec(),
            })
            .collect();
        entry(b"");
        for bytes in &usual {
            entry(bytes);
        }
        let mut how = Mutator::new(seed);
        for turn in 0..turns {
            let bytes = how.bytes(&usual[turn % usual.len()]);
            let unharmed = std::panic::catch_unwind(|| entry(&bytes));
            let shown = || String::from_utf8_lossy(&bytes).into_owned();
            assert!(unharmed.is_ok(), "seed {seed}, {door}: {}", shown());
        }
    }
}
