//! What the parser promises: every verb in every dress, and an answer to any text.

use super::*;
use crate::domain::ids::ChannelId;
use crate::domain::incident::Severity;
use crate::domain::incident::fixtures::{person, rules};
use crate::domain::incident::verbs::verb_of;
use crate::domain::text::{Piece, Span};

fn read(text: &str) -> Command {
    parse(&Typed::plain(text), &rules())
}

fn at(person_id: &str) -> Piece {
    Piece::Person(person(person_id), "bea".into())
}

fn words_of(command: &Command) -> String {
    match &command.act {
        Act::Misunderstood { refusal } => refusal.in_words(),
        act => panic!("understood as {act:?}"),
    }
}

#[test]
fn every_verb_and_synonym_is_understood_in_any_case_and_with_any_white_space() {
    for verb in VERBS {
        for name in verb.names {
            let rest = verb.example.splitn(3, ' ').nth(2).unwrap_or_default();
            let rest = rest.split_once('@').map_or(rest, |(before, _)| before);
            for dressed in [
                format!("{name} {rest}"),
                format!("  {}\u{a0}\t \n {rest} ", name.to_uppercase()),
            ] {
                let mut typed = Typed::plain(dressed.clone());
                if verb.example.contains('@') {
                    typed.0.push(at("UBEA"));
                }
                let act = parse(&typed, &rules()).act;
                let expected = match verb.names[0] {
                    "commander" => "assign",
                    other => other,
                };
                // `help severity` and the like stay what they are.
                assert_eq!(verb_of(&act), Some(expected), "{dressed:?} gave {act:?}");
            }
        }
    }
}

/// What a copy from a page, a chat or a right-to-left text leaves in a line.
const UNSEEN: [char; 10] = [
    '\u{feff}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{ad}', '\u{200e}', '\u{202b}',
    '\u{2068}', '\u{0}',
];

#[test]
fn unseen_characters_change_no_word_wherever_they_stand() {
    let plain = read("declare P3 api Checkout returns 500s").act;
    assert!(matches!(plain, Act::Declare(_)));
    for c in UNSEEN {
        for line in [
            format!("{c}declare P3 api Checkout returns 500s"),
            format!("{c} {c}declare{c} {c}P3{c} {c}api{c} {c}Checkout returns 500s{c}"),
            format!("declare P3{c} {c} api Checkout returns 500s"),
            format!("de{c}clare P{c}3 a{c}pi Checkout returns 500s"),
        ] {
            assert_eq!(read(&line).act, plain, "{line:?}");
        }
        let seven = Some(IncidentRef::Number(7));
        for line in [format!("{c}#7{c} list"), format!("#{c}7 {c}list")] {
            let command = read(&line);
            assert_eq!(
                (command.target, command.act),
                (seven.clone(), Act::List),
                "{line:?}"
            );
        }
        assert_eq!(
            read(&format!("status {c}it burns{c}")).act,
            update("it burns")
        );
        assert_eq!(
            words_of(&read(&format!("status {c} "))),
            words_of(&read("status"))
        );
        assert_eq!(read(&format!(" {c} ")).act, Act::Menu);
        let lead = Act::Assign {
            role: Role::Scribe,
            person: person("U0BEA1"),
        };
        assert_eq!(read(&format!("assign {c}scribe{c} U0BEA1{c}")).act, lead);
    }
    let persian = "می\u{200c}خواهم 👩\u{200d}🚒 \u{2764}\u{fe0f}";
    assert_eq!(read(&format!("status {persian}")).act, update(persian));
}

#[test]
fn a_service_keeps_the_unseen_characters_that_its_script_needs() {
    let none = Rules::default();
    let line = "declare P3 \u{200b}می\u{200c}خواهم\u{200b} It burns";
    let Act::Declare(declaration) = parse(&Typed::plain(line), &none).act else {
        panic!("not a declaration");
    };
    assert_eq!(declaration.service, "می\u{200c}خواهم");
}

#[test]
fn every_act_that_can_be_typed_has_its_verb_in_the_table_and_its_example_works() {
    for verb in VERBS {
        let typed = verb.example.strip_prefix("/incident ").unwrap();
        let mut typed = Typed::plain(typed.split('@').next().unwrap());
        if verb.example.contains('@') {
            typed.0.push(at("UBEA"));
        }
        let name = verb_of(&parse(&typed, &rules()).act).expect("its example is understood");
        assert!(super::verb(name).is_some());
        assert!(verb.usage().starts_with("/incident "));
        assert!(verb.does.ends_with('.'));
    }
    let mut names: Vec<_> = VERBS.iter().flat_map(|verb| verb.names).collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all, "two verbs of one name");
}

fn update(words: &str) -> Act {
    Act::Update {
        text: words.into(),
        unless_last: false,
    }
}

#[test]
fn a_number_is_taken_before_and_after_the_verb() {
    for (text, target, words) in [
        ("#7 status it is #8", Some(7), "it is #8"),
        ("#7   STATUS\tit burns", Some(7), "it burns"),
        ("status it is #7", None, "it is #7"),
        ("status #7th try", None, "#7th try"),
        ("#99999999999999999999 status x", Some(i64::MAX), "x"),
    ] {
        let command = read(text);
        assert_eq!(command.target, target.map(IncidentRef::Number), "{text}");
        assert_eq!(command.act, update(words));
        assert_eq!(command.outside_channel, None);
    }
    // After a verb whose words follow, it depends on the channel.
    let command = read("status #7 it burns");
    assert_eq!((command.act, command.target), (update("#7 it burns"), None));
    let outside = OutsideChannel {
        target: IncidentRef::Number(7),
        act: update("it burns"),
        alone: false,
    };
    assert_eq!(command.outside_channel, Some(outside));
    assert!(read("resolved #7").outside_channel.unwrap().alone);
    let command = read("severity #7 P1");
    assert_eq!(command.target, Some(IncidentRef::Number(7)));
    assert_eq!(command.outside_channel, None);
    assert_eq!(read("#7").act, Act::Menu);
    assert_eq!(read("#7").target, Some(IncidentRef::Number(7)));
    let channel = ChannelId::new("CINC").unwrap();
    let typed = Typed(vec![
        Piece::Channel(channel.clone(), "inc".into()),
        Piece::Plain(" resolved".into()),
    ]);
    let command = parse(&typed, &rules());
    assert_eq!(command.target, Some(IncidentRef::Channel(channel)));
    assert_eq!(command.act, Act::Resolve { note: None });
}

#[test]
fn one_line_declares_by_severity_service_and_title() {
    for (text, severity, service, title) in [
        (
            "declare P1 api Checkout returns 500s",
            Severity::P1,
            "api",
            "Checkout returns 500s",
        ),
        ("NEW p2 WEB  It's  slow", Severity::P2, "web", "It's  slow"),
        (
            "start P3 web shop cart is empty",
            Severity::P3,
            "Web Shop",
            "cart is empty",
        ),
        ("open api P4 決済が遅い", Severity::P4, "api", "決済が遅い"),
    ] {
        let Act::Declare(declaration) = read(text).act else {
            panic!("{text}: {:?}", read(text).act)
        };
        assert_eq!(declaration.severity, severity);
        assert_eq!(declaration.service, service);
        assert_eq!(declaration.title, title);
    }
    assert_eq!(read("declare").act, Act::OpenDeclareForm);
}

#[test]
fn what_a_declaration_lacks_is_named_with_an_example() {
    for (text, lacks) in [
        ("declare api Checkout is down", "P1 (worst)"),
        ("declare P1 Checkout is down", "api, web, Web Shop"),
        ("declare P1 api", "what is broken"),
        ("declare P1 api ab", "3 to 100"),
        ("declare P7 api Checkout", "“P7” is not a severity"),
        ("severity", "P1 (worst)"),
        ("severity high", "P1 (worst)"),
        ("status   ", "needs text"),
        ("assign", "Name a person"),
        ("assign boss", "boss"),
        ("assign comms @bea", "from the list that Slack shows"),
    ] {
        let command = read(text);
        let words = words_of(&command);
        assert!(words.contains(lacks), "{text}: {words}");
        assert!(words.contains("Example: `/incident "), "{text}: {words}");
    }
}

#[test]
fn a_long_line_that_is_not_understood_comes_back_to_be_copied() {
    for (text, comes_back) in [
        ("stauts the disk is full", true),
        ("declare P1 nosuch The disk is full", true),
        ("severity P9 worse than thought", true),
        ("stauts", false),
    ] {
        let Act::Misunderstood { refusal } = read(text).act else {
            panic!("{text} is understood")
        };
        let below = Part::Preformatted(text.to_owned());
        assert_eq!(refusal.parts.contains(&below), comes_back, "{refusal:?}");
    }
}

#[test]
fn a_role_and_a_person_are_taken_in_either_order() {
    for (pieces, role) in [
        (
            vec![Piece::Plain("assign ".into()), at("UBEA")],
            Role::Commander,
        ),
        (
            vec![Piece::Plain("role Comms ".into()), at("UBEA")],
            Role::Comms,
        ),
        (
            vec![
                Piece::Plain("assign".into()),
                at("UBEA"),
                Piece::Plain(" scribe".into()),
            ],
            Role::Scribe,
        ),
        (
            vec![Piece::Plain("commander".into()), at("UBEA")],
            Role::Commander,
        ),
    ] {
        let person = person("UBEA");
        let act = parse(&Typed(pieces), &rules()).act;
        assert_eq!(act, Act::Assign { role, person });
    }
}

#[test]
fn an_unknown_verb_gets_the_nearest_ones() {
    for (typed, near) in [
        ("resloved", "resolved"),
        ("sevrity P1", "severity"),
        ("satus x", "status"),
        ("TIMLINE", "timeline"),
        ("sev1", "severity"),
        ("fixed", "resolved"),
        ("inv", "investigating"),
    ] {
        let words = words_of(&read(typed));
        assert!(words.contains(&format!("`/incident {near}`?")), "{words}");
    }
    let others = "reopen it|cancel|merge #2|task|drill|stats|決済|<x>";
    for typed in others.split('|') {
        let words = words_of(&read(typed));
        let name = typed.split(' ').next().unwrap();
        let nothing = format!("Unknown command `{name}`. See all commands: `/incident help`");
        assert_eq!(words, nothing);
    }
}

#[test]
fn what_was_named_is_kept_in_what_is_proposed_and_people_are_mentioned() {
    let number = words_of(&read("#7 resloved"));
    assert!(number.contains("`/incident #7 resolved`"), "{number}");
    let Act::Misunderstood { refusal } = parse(&Typed(vec![at("UBEA")]), &rules()).act else {
        panic!("understood")
    };
    let text = refusal.first_paragraph().unwrap();
    assert!(text.0.contains(&Span::Person(person("UBEA"))), "{text:?}");
    assert!(
        refusal.summary.is_empty(),
        "the mention is in the summary too"
    );
    let help = crate::domain::incident::help::message(Some("resloved"));
    let help = help.in_words();
    assert!(
        help.starts_with("Unknown command `resloved`.")
            && help.contains("`/incident help resolved`?")
    );
}

#[test]
fn what_slack_marked_in_an_update_stays_a_mark_and_a_link_is_a_word_where_one_is_wanted() {
    let link = |url: &str, label: &str| Piece::Link(url.into(), label.into());
    let typed = Typed(vec![
        Piece::Plain("status ".into()),
        at("UBEA"),
        Piece::Plain(" see ".into()),
        link("https://a.b/x", ""),
        Piece::Plain(" <@UEVIL> ".into()),
    ]);
    let Act::Update { text, .. } = parse(&typed, &rules()).act else {
        panic!("not an update")
    };
    assert_eq!(text.to_plain(), "@bea see https://a.b/x <@UEVIL>");
    let shown = Text::default().typed(&text).0;
    assert_eq!(shown[0], Span::Person(person("UBEA")));
    assert!(matches!(&shown[2], Span::Link { url, .. } if url == "https://a.b/x"));
    assert_eq!(shown[3], Span::Text(" <@UEVIL>".into()));
    assert_eq!(serde_json::to_value(&text).unwrap(), text.to_plain());

    let mut rules = rules();
    rules.services[0].name = "shop.acme.com".into();
    let typed = Typed(vec![
        Piece::Plain("declare P1 ".into()),
        link("http://shop.acme.com", "shop.acme.com"),
        Piece::Plain(" is down, see ".into()),
        link("https://a.b/x", ""),
    ]);
    let Act::Declare(declaration) = parse(&typed, &rules).act else {
        panic!("not a declaration")
    };
    assert_eq!(declaration.service, "shop.acme.com");
    assert_eq!(declaration.title, "is down, see https://a.b/x");
}

#[test]
fn no_text_makes_the_parser_panic_or_say_nothing() {
    let seeds: Vec<String> = VERBS
        .iter()
        .map(|verb| verb.example[10..].to_owned())
        .collect();
    let odd = [
        '\0', '#', '@', 'İ', '\u{a0}', '\u{2003}', '\u{202e}', '💥', 'P', '1', ' ', '\n', '<',
    ];
    let mut state: u64 = 1;
    let mut roll = |sides: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % sides
    };
    for round in 0..20_000 {
        let mut text: Vec<char> = seeds[round % seeds.len()].chars().collect();
        for _ in 0..=roll(8) {
            let place = roll(text.len() + 1);
            match roll(3) {
                0 => text.insert(place, odd[roll(odd.len())]),
                1 if place < text.len() => {
                    text.remove(place);
                }
                _ => text.truncate(text.len().max(1) - roll(2)),
            }
        }
        let cut = roll(text.len() + 1);
        let mut pieces = vec![Piece::Plain(text[..cut].iter().collect())];
        if roll(2) == 0 {
            pieces.push(at("UBEA"));
        }
        pieces.push(Piece::Plain(text[cut..].iter().collect()));
        let command = parse(&Typed(pieces), &rules());
        if let Act::Misunderstood { refusal } = command.act {
            assert!(!refusal.in_words().is_empty());
        }
    }
    let long = "x".repeat(100_000);
    assert!(words_of(&read(&long)).chars().count() < 500);
}
