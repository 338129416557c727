//! What must hold for any input: it ends, it does not fall over, and no secret is shown.

use super::super::problem::Findings;
use super::super::*;
use super::*;

#[test]
fn bombs_are_refused_quickly() {
    let mut laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in ["b", "c", "d", "e", "f", "g", "h"]
        .iter()
        .zip(["a", "b", "c", "d", "e", "f", "g"])
    {
        laughs.push_str(&format!(
            "{name}: &{name} [{}]\n",
            vec![format!("*{of}"); 9].join(", ")
        ));
    }
    for (name, yaml) in [
        ("aliases", laughs),
        ("brackets", "[".repeat(500_000)),
        ("braces", "{a: ".repeat(200_000)),
        ("dashes", "- ".repeat(400_000)),
        ("questions", "? ".repeat(400_000)),
        ("anchors", "[&a ".repeat(200_000)),
        ("keys", (0..60_000).map(|n| format!("k{n}: \n")).collect()),
        ("itself", "a: &a [*a]".to_owned()),
        ("items", format!("[{}]", "a,".repeat(400_000))),
    ] {
        assert_eq!(errors_of_yaml(&yaml).len(), 1, "{name}");
    }
}

#[test]
fn no_secret_is_ever_shown() {
    const HIDDEN: &str = "hunter2hunter2";
    // Accepted: nothing of it in Debug or in the notices.
    let url = format!("postgres://u:{HIDDEN}@h/d");
    let yaml = "heartbeats: {a: {period: 1s, token: \"${T}\"}}";
    let mut variables: Vec<(&str, String)> = vec![("T", HIDDEN.to_owned())];
    for variable in VARIABLES.iter().filter(|variable| variable.secret) {
        variables.push((
            variable.name,
            match variable.name {
                "DATABASE_URL" | "DATABASE_DIRECT_URL" => url.clone(),
                "DEADMAN_URL" => format!("https://h/{HIDDEN}"),
                "GITHUB_APP_PRIVATE_KEY" => format!("-----BEGIN PRIVATE KEY-----{HIDDEN}"),
                "OTEL_EXPORTER_OTLP_HEADERS" => format!("a={HIDDEN}"),
                "ENCRYPTION_KEY" => "ab".repeat(32),
                _ => HIDDEN.to_owned(),
            },
        ));
    }
    variables.push(("GITHUB_APP_ID", "1".to_owned()));
    let given: Vec<_> = variables.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let accepted = loaded(yaml, &given);
    let shown = format!("{accepted:?} {}", report(&Ok(accepted.clone())));
    assert!(
        !shown.contains(HIDDEN) && !shown.contains("abab"),
        "{shown}"
    );

    // Refused: every secret broken, and one put where a file wants ids, numbers and words.
    let broken = format!(" {HIDDEN} :/@\n {HIDDEN}");
    let given: Vec<_> = variables
        .iter()
        .map(|(name, _)| (*name, broken.as_str()))
        .collect();
    let yaml = "admins: [\"${T}\"]\nservices: {a: {repositories: [\"${T}\"], statuspage_component: \"${T} x\"}}\n\
                templates: [{name: a, title: b, severity: \"${T}\", service: \"${T}\"}]\n\
                github: {cooldown: \"${T}\", max_reruns_per_run: \"${T}\"}\nversion: \"${T}\"\n\
                extends: \"${T}\"";
    let folder = Folder::new();
    let path = folder.write("f", yaml);
    let shown = report(&load(Some(&path), &given));
    assert!(
        shown.lines().count() > 20 && !shown.contains(HIDDEN),
        "{shown}"
    );
    let path = folder.write("f", yaml.replace("extends: \"${T}\"", ""));
    let shown = report(&load(Some(&path), &given));
    assert!(
        shown.lines().count() > 20 && !shown.contains(HIDDEN),
        "{shown}"
    );
}

#[test]
fn no_bytes_make_the_reader_fall_over() {
    use rand::{Rng, SeedableRng, rngs::StdRng};
    let seeds: [&[u8]; 3] = [
        CONTRACT.as_bytes(),
        include_bytes!("../../../wardroom.example.yaml"),
        b"a: &a [1, *a, \"\\u00e4${X:-y}\", |\n  text\n, >-\n x]\n? b\n: !!str c\n<<: *a\n%TAG\n--- # x\n...",
    ];
    let pieces: [&[u8]; 16] = [
        b"\n",
        b": ",
        b"- ",
        b"[",
        b"]",
        b"{",
        b"}",
        b"\"",
        b"'",
        b"&a ",
        b"*a ",
        b"${",
        b"|\n",
        b"\t",
        b"\xff",
        b"\xe2\x80\xa8",
    ];
    let mut random = StdRng::seed_from_u64(7);
    for _ in 0..6000 {
        let mut bytes = seeds[random.random_range(0..seeds.len())].to_vec();
        for _ in 0..random.random_range(1..12) {
            let at = random.random_range(0..=bytes.len());
            let end = (at + random.random_range(0..8)).min(bytes.len());
            match random.random_range(0..4) {
                0 => drop(bytes.drain(at..end)),
                1 => bytes.truncate(at.max(20)),
                2 if at < bytes.len() => bytes[at] = random.random(),
                _ => {
                    let piece = pieces[random.random_range(0..pieces.len())];
                    bytes.splice(at..at, piece.iter().copied());
                }
            }
        }
        let found = Findings::default();
        if let Some(mut node) = yaml::parse("f", &bytes, &found) {
            expand::expand(&mut node, &|_| Ok(None), &found);
            let lookup = |_: &str| None;
            let variables = Variables::read(&Environment::new(&lookup, VARIABLES));
            sections::rules(&node, &variables.overrides, &found);
            let problems = found.conclude().err().unwrap_or_default();
            let untyped = |problem: &Problem| problem.message == read::UNTYPED;
            assert!(!problems.iter().any(untyped), "{problems:?}");
        } else {
            assert!(found.conclude().is_err(), "refused without a word");
        }
    }
}
