//! Promises about `wardroom.yaml`: everything wrong is told at once, each with its place.

use super::super::*;
use super::*;

#[test]
fn the_documented_file_is_accepted_and_what_is_not_built_is_said() {
    let (config, notices) = loaded(CONTRACT, &[("SENSOR_7_TOKEN", "s3cret")]);
    let api = config.rules.service("API").unwrap();
    assert_eq!(api.owners, ["U024BE7LH"]);
    assert_eq!(api.repositories, ["acme/api"]);
    assert_eq!(api.statuspage_component.as_deref(), Some("kx1"));
    assert_eq!(config.rules.admins, ["U024ADMIN"]);
    assert_eq!(config.rules.routing.p1.users, ["U1"]);
    assert_eq!(config.rules.routing.p2.channels, ["C2"]);
    assert_eq!(config.rules.templates, built_in_templates());
    let later: Vec<_> = notices
        .iter()
        .filter(|n| n.message.contains("no effect yet"))
        .collect();
    assert_eq!(config.rules.github.channel.as_deref(), Some("C024CI"));
    assert_eq!(config.rules.github.repositories, ["acme/*"]);
    assert_eq!(later.len(), 2, "{later:?}");
}

#[test]
fn unseen_characters_at_the_ends_of_words_are_no_part_of_them() {
    let yaml = "\u{feff}services\u{200b}: { \u{feff}api\u{200b}: { owners: [\u{200e}U1\u{ad}] } }\n\
                templates: [{ name: x, title: x, severity: \"P1\u{200b}\", service: api }]\n\
                slack:\n  ops_channel: ${ROOM}\n";
    let (config, notices) = loaded(
        yaml,
        &[
            ("ROOM", "\u{feff}C1\u{2060}"),
            ("SLACK_BOT_TOKEN", "\u{200b}xoxb-1\u{200b}"),
            ("SLACK_SIGNING_SECRET", "abc\u{feff}"),
            ("P1_USERS", "U2\u{200b},\u{200b}U3"),
        ],
    );
    assert_eq!(notices.len(), 1, "of the database alone: {notices:?}");
    let api = config.rules.service("api").expect("it is called api");
    assert_eq!(api.owners, ["U1"]);
    assert_eq!(config.rules.slack.ops_channel.as_deref(), Some("C1"));
    assert_eq!(config.rules.routing.p1.users, ["U2", "U3"]);
    let slack = config.slack.expect("Slack is on");
    assert_eq!(slack.bot_token.expect("a token").expose(), "xoxb-1");
    assert_eq!(slack.signing_secret.expect("a secret").expose(), "abc");
    assert_eq!(
        errors_of(&[("ADMIN_TOKEN", "ab\u{200b}cd")]),
        [
            "$ADMIN_TOKEN:1:1: error: ADMIN_TOKEN has a space, a line break or an invisible character in it"
        ]
    );
}

#[test]
fn every_mistake_in_a_file_has_its_place() {
    let mut wrong = Vec::new();
    for (yaml, expected) in [
        (
            "servces: {}",
            "f:1:1: error: unknown key `servces` in the file",
        ),
        (
            "admins: [U1]\nadmins: [U2]",
            "f:2:1: error: the key `admins` is given twice",
        ),
        (
            "admins: U1",
            "f:1:9: error: `admins` must be a list, and this is a single value",
        ),
        (
            "admins:\n  - U1\n  - '@ada'",
            "f:3:5: error: `@ada` is not the id of a Slack user",
        ),
        (
            "admins: [[U1]]",
            "f:1:10: error: `admins` must be a single value, and this is a list",
        ),
        (
            "services: [api]",
            "f:1:11: error: `services` must be a map, and this is a list",
        ),
        (
            "services:\n  a:\n    ownrs: []",
            "f:3:5: error: unknown key `ownrs` in a service",
        ),
        (
            "services: {a: , A: }",
            "f:1:17: error: the services `a` and `A` are the same",
        ),
        (
            "services: {'': }",
            "f:1:12: error: `` cannot be the name of a service",
        ),
        (
            "services: {a: {channels: ['#x']}}",
            "f:1:27: error: `#x` is not the id of a Slack channel",
        ),
        (
            "services: {a: {repositories: [x]}}",
            "f:1:31: error: `x` is not a repository",
        ),
        (
            "routing: {P9: }",
            "f:1:11: error: unknown key `P9` in `routing`",
        ),
        ("version: 2", "f:1:10: error: the only version is \"1\""),
        (
            "services: {\"${API}\": {}}",
            "f:1:12: error: a variable in the place of a key is not filled in",
        ),
        (
            "slack: {ops_channel: ops}",
            "f:1:22: error: `ops` is not the id of a Slack channel",
        ),
        (
            "templates: [{name: a, title: b}]",
            "f:1:13: error: a template needs `severity`",
        ),
        (
            "templates: [{name: a, title: 404, severity: P1}]",
            "f:1:30: error: a template's `title` must be text, and this is a number or a yes/no",
        ),
        (
            "templates: [{name: a, title: b, severity: p1}]",
            "f:1:43: error: a template's `severity` cannot be `p1`",
        ),
        (
            "templates: [{name: a, title: b, severity: P1, service: x}]",
            "f:1:56: error: `service`: there is no service `x`",
        ),
        (
            "github: {cooldown: 1 hour}",
            "f:1:20: error: `cooldown` is not a duration: `1 hour`",
        ),
        (
            "github: {max_reruns_per_run: 99}",
            "f:1:30: error: `max_reruns_per_run` must be a whole number from 0 to 10",
        ),
        (
            "slack: {ops_channel: \"${NOPE}\"}",
            "f:1:23: error: the variable NOPE is not set",
        ),
        (
            "extends: nope.yaml",
            "f:1:10: error: cannot read nope.yaml: No such file or directory (os error 2)",
        ),
        (
            "extends: ['${HOME:-x}']",
            "f:1:11: error: a file is extended by its name alone",
        ),
        (
            "extends: [https://x.example/a]",
            "f:1:11: error: `https://x.example/a` is not a local file",
        ),
        (
            "admins: !!set [U1]",
            "f:1:15: error: YAML tags are not used here",
        ),
        (
            "a: 1\n---\nb: 1",
            "f:2:1: error: a second document begins here",
        ),
        ("? [a]\n: b", "f:1:3: error: a key must be a plain word"),
        (
            "- a",
            "f:1:1: error: the file must be a map, and this is a list",
        ),
    ] {
        let errors = errors_of_yaml(yaml);
        if !errors.contains(&expected.to_owned()) {
            wrong.push(format!("{yaml}\n  wanted {expected}\n  got {errors:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_yaml_or_not_text_is_located() {
    assert_eq!(
        errors_of_yaml(b"a: 1\nb: \xff"),
        ["f:2:4: error: the file is not UTF-8"]
    );
    let errors = errors_of_yaml("a: [1\nb: 2");
    assert!(errors[0].contains("error: this is not YAML:"), "{errors:?}");
    assert_eq!(errors.len(), 1);
    // The parser would end there, and all the rest be lost.
    assert_eq!(
        errors_of_yaml("a: 1\n\0b: 2"),
        ["f:2:1: error: a control character (U+0000), which YAML does not allow"]
    );
    let large = errors_of_yaml(vec![b'#'; yaml::MAX_BYTES + 1]);
    assert_eq!(large, ["f:1:1: error: the file is larger than 1 MiB"]);
}

#[test]
fn all_problems_are_told_at_once_in_order() {
    let yaml = "admins: [x]\nrouting: {P1: {channels: [y]}}\nnope: 1\n";
    let folder = Folder::new();
    let path = folder.write("f", yaml);
    let errors = errors(
        load(Some(&path), &[("PORT", "high"), ("LOG_LEVEL", "loud")]),
        &folder,
    );
    assert_eq!(
        errors,
        [
            "$LOG_LEVEL:1:1: error: LOG_LEVEL cannot be `loud`",
            "$PORT:1:1: error: PORT must be a number from 0 to 65535",
            "f:1:10: error: `x` is not the id of a Slack user",
            "f:2:27: error: `y` is not the id of a Slack channel",
            "f:3:1: error: unknown key `nope` in the file",
        ]
    );
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let folder = Folder::new();
    let path = folder.write("f", "servces: {}");
    let shown = report(&load(Some(&path), &[]));
    assert!(shown.contains("hint: did you mean `services`?"), "{shown}");
    assert!(shown.ends_with("1 error"), "{shown}");
}

#[test]
fn files_extend_files_and_the_later_wins() {
    let folder = Folder::new();
    fs::create_dir(folder.0.join("sub")).unwrap();
    folder.write("sub/deep", "routing: {P1: {channels: [C9], users: [U9]}}");
    folder.write(
        "base",
        "extends: sub/deep\nadmins: [U1, U2]\nservices: {a: {owners: [U1]}}",
    );
    folder.write("more", "services: {b: }\nadmins: [U3]");
    let top = folder.write(
        "f",
        "extends: [base, more]\nrouting: {P1: {channels: [C1]}}",
    );
    let (config, _) = load(Some(&top), &[]).unwrap();
    assert_eq!(config.rules.admins, ["U3"]);
    assert_eq!(config.rules.routing.p1.channels, ["C1"]);
    assert_eq!(config.rules.routing.p1.users, ["U9"]);
    let names: Vec<_> = config
        .rules
        .services
        .iter()
        .map(|s| s.name.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
    // A mistake in an extended file is told with that file's name.
    folder.write("more", "admins: [nobody]");
    let told = errors(load(Some(&top), &[]), &folder);
    assert_eq!(
        told,
        ["more:1:10: error: `nobody` is not the id of a Slack user"]
    );
}

#[test]
fn a_circle_of_files_is_refused() {
    let folder = Folder::new();
    folder.write("b", "extends: [f]");
    let top = folder.write("f", "extends: [b]");
    let told = errors(load(Some(&top), &[]), &folder);
    assert_eq!(told, ["b:1:11: error: f extends itself"]);
}

#[test]
fn a_bare_number_is_seconds_with_a_warning() {
    let (_, notices) = loaded("github: {cooldown: 90}", &[]);
    let told: Vec<_> = notices.iter().map(|n| n.message.as_str()).collect();
    assert!(
        told.contains(&"`cooldown` has no unit: 90 is taken as seconds"),
        "{told:?}"
    );
}

#[test]
fn a_digest_has_a_day_an_hour_and_a_time_zone_that_exists() {
    let (config, _) = loaded("github: {digest: {zone: Europe/Berlin}}", &[]);
    let digest = config.rules.github.digest.expect("it is there");
    assert_eq!((digest.day, digest.hour), (crate::config::Day::Monday, 9));
    assert!(digest.time_zone().is_some());
    let (config, _) = loaded("github: {}", &[]);
    assert_eq!(config.rules.github.digest, None);
    let folder = Folder::new();
    for (yaml, wrong) in [
        (
            "zone: Europe/Berlim",
            "f:1:25: error: `zone`: there is no time zone `Europe/Berlim`",
        ),
        (
            "zone: 'UTC+1 h'",
            "f:1:25: error: `UTC+1 h` is not a time zone",
        ),
        ("day: someday", "f:1:24: error: `day` cannot be `someday`"),
        (
            "hour: 24",
            "f:1:25: error: `hour` must be a whole number from 0 to 23",
        ),
    ] {
        let path = folder.write("f", format!("github: {{digest: {{{yaml}}}}}"));
        assert_eq!(errors(load(Some(&path), &[]), &folder), [wrong], "{yaml}");
    }
}

#[test]
fn a_missing_file_that_was_named_is_a_problem() {
    let folder = Folder::new();
    let told = errors(load(Some(&folder.0.join("gone")), &[]), &folder);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("gone:1:1: error: cannot read"),
        "{told:?}"
    );
}
