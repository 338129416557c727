//! Messages as blocks: the limits, the pages, the buttons.

use super::*;
use crate::domain::ids::ChannelId;

fn pages(message: &Message) -> Vec<Page> {
    super::pages(message, "https://slack.com")
}

fn button(at: usize) -> Button {
    Button {
        label: format!("Button {at} {}", "long ".repeat(30)),
        action: "incident.show".into(),
        value: at.to_string(),
        style: ButtonStyle::Primary,
        opens: None,
    }
}

fn every_text(value: &Value, seen: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            if let (Some(kind), Some(text)) = (map.get("type"), map.get("text"))
                && let (Some(kind), Some(text)) = (kind.as_str(), text.as_str())
            {
                seen.push((kind.to_owned(), text.to_owned()));
            }
            map.values().for_each(|value| every_text(value, seen));
        }
        Value::Array(list) => list.iter().for_each(|value| every_text(value, seen)),
        _ => {}
    }
}

#[test]
fn any_message_stays_within_slacks_limits_and_loses_no_paragraph() {
    let mut message = Message::line("Long & <odd>");
    for at in 0..80 {
        message = message
            .with(Part::Header(format!("Header {at} {}", "h".repeat(200))))
            .with(Part::Section(Text::plain(format!(
                "<{at}> {}",
                "a & b\n".repeat(900)
            ))))
            .with(Part::Fields(
                (0..13)
                    .map(|at| (format!("L{at}"), Text::plain("v".repeat(at * 200))))
                    .collect(),
            ))
            .with(Part::Context(Text::plain("c ".repeat(2000))))
            .with(Part::Preformatted("```<x>\n".repeat(700)))
            .with(Part::Buttons((0..30).map(button).collect()));
    }
    let pages = pages(&message);
    assert!(pages.len() > 10);
    for page in &pages {
        assert!(!page.text.is_empty() && mrkdwn::width(&page.text) <= TEXT);
        assert!(page.blocks.len() <= BLOCKS);
        for block in &page.blocks {
            let sizes = |key: &str| block[key].as_array().map_or(0, Vec::len);
            assert!(sizes("fields") <= FIELDS && sizes("elements") <= BUTTONS);
            let mut texts = Vec::new();
            every_text(block, &mut texts);
            for (kind, text) in texts {
                let most = match (&*kind, block["type"].as_str().unwrap()) {
                    ("plain_text", "header") => HEADER,
                    ("plain_text", _) => BUTTON_LABEL,
                    _ if block["fields"].is_array() => FIELD,
                    _ => SECTION,
                };
                let wide = mrkdwn::width(&text);
                assert!((1..=most).contains(&wide), "{kind}: {wide} of {most}");
            }
        }
    }
    let all = serde_json::to_string(&pages.iter().map(|p| &p.blocks).collect::<Vec<_>>());
    let all = all.unwrap();
    assert!((0..80).all(|at| all.contains(&format!("&lt;{at}&gt;"))));
    assert!(pages[0].text.starts_with("Long &amp; &lt;odd&gt; (1/"));
}

#[test]
fn a_short_line_is_one_page_of_text_alone() {
    let page = Page {
        text: "a &lt; b".into(),
        blocks: vec![],
    };
    assert_eq!(pages(&Message::line("a < b")), [page]);
}

#[test]
fn a_later_pages_text_says_what_stands_on_it() {
    let words = Text::plain(format!("ZEBRA {}", "y".repeat(20_000)));
    let pages = pages(&Message::said(words));
    let says: Vec<usize> = pages
        .iter()
        .map(|page| page.text.matches("ZEBRA").count())
        .collect();
    assert_eq!(says, [1, 0, 0]);
    assert!(pages[1].text.ends_with("y (2/3)"), "{}", pages[1].text);
}

#[test]
fn a_paragraph_that_is_its_own_summary_names_people_in_the_text_too() {
    let person = crate::domain::ids::UserId::new("U1").unwrap();
    let text = Text::default().person(&person).and(" said <!here>");
    let page = &pages(&Message::said(text))[0];
    assert_eq!(page.text, "<@U1> said &lt;!here&gt;");
    assert_eq!(page.blocks.len(), 1);
}

#[test]
fn a_message_is_never_without_text() {
    let silent = Message::line(" ").with(Part::Section(Text::plain(" ")));
    assert!(!pages(&silent)[0].text.is_empty());
    assert!(pages(&silent)[0].blocks.is_empty());
}

#[test]
fn buttons_of_one_action_can_be_told_apart_and_keep_its_name() {
    let message = Message::line("m").with(Part::Buttons(vec![button(1), button(2)]));
    let elements = pages(&message)[0].blocks[0]["elements"].clone();
    assert_eq!(elements[0]["action_id"], "incident.show");
    assert_eq!(elements[1]["action_id"], "incident.show#2");
    assert_eq!(action_name("incident.show#2"), "incident.show");
    assert_eq!(action_name("a#b"), "a#b");
}

#[test]
fn a_button_that_opens_a_channel_leads_to_the_slack_of_the_api() {
    for (api, site) in [
        ("https://slack-gov.com/api", "https://slack-gov.com/"),
        ("https://slack.com/api", "https://slack.com/"),
        ("http://127.0.0.1:9/api", "https://slack.com/"),
    ] {
        let access = crate::slack::client::Access {
            api_url: api.parse().unwrap(),
            token: None,
            response_url_hosts: Vec::new(),
        };
        let opens = Some(ChannelId::new("C1").unwrap());
        let message = Message::line("m").with(Part::Buttons(vec![Button { opens, ..button(1) }]));
        let element = super::pages(&message, access.site())[0].blocks[0]["elements"][0].clone();
        let url = element["url"].as_str().unwrap().to_owned();
        assert!(url.starts_with(site), "{api}: {url}");
    }
}
