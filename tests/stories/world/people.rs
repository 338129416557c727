//! What people do in a story, in the product's words.

use super::{ADMIN_TOKEN, World};
use reqwest::Method;
use serde_json::Value;
use simulator::{Person, Signing, Submitted};
use wardroom::domain::incident::act::IncidentRef;
use wardroom::domain::incident::{Incident, TimelineEntry};
use wardroom::store::AuditRow;

impl World {
    pub(super) fn person_id(&self, name: &str) -> String {
        self.people
            .get(name)
            .cloned()
            .unwrap_or_else(|| name.to_owned())
    }

    /// A person by name.
    pub fn person(&self, name: &str) -> Person {
        self.slack.person(&self.person_id(name))
    }

    /// A person types `/incident …` in a channel; the command is answered 200, and all that follows
    /// from it at this moment happens.
    pub async fn types(&mut self, person: &str, channel: &str, text: &str) {
        let channel = self.channel_id(channel);
        let response = self
            .person(person)
            .command(&channel, "/incident", text)
            .await;
        assert!(response.is_ok(), "/incident {text}: {response:?}");
        self.settle().await;
    }

    /// The same with `/wardroom …`.
    pub async fn asks(&mut self, person: &str, channel: &str, text: &str) {
        let channel = self.channel_id(channel);
        let person = self.person(person);
        let response = person.command(&channel, "/wardroom", text).await;
        assert!(response.is_ok(), "/wardroom {text}: {response:?}");
        self.settle().await;
    }

    /// A person presses a button (by its label) under a message.
    pub async fn presses(&mut self, person: &str, message: &super::SeenMessage, button: &str) {
        let response = self
            .person(person)
            .press(&message.channel, &message.ts, button)
            .await;
        let response = response.unwrap_or_else(|why| panic!("{button}: {why}"));
        assert!(response.is_ok(), "{button}: {response:?}");
        self.settle().await;
    }

    /// Declares an incident in #general by one line and skips its messages; gives the name
    /// of its channel.
    pub async fn declared(&mut self, person: &str, line: &str) -> String {
        self.types(person, "general", &format!("declare {line}"))
            .await;
        let incident = self.newest().await;
        self.skip_messages();
        incident.channel_name
    }

    /// The newest incident.
    pub async fn newest(&self) -> Incident {
        let filter = wardroom::store::IncidentFilter {
            limit: 1,
            ..Default::default()
        };
        let page = self
            .store
            .incidents(&filter)
            .await
            .expect("the database answers");
        page.items.into_iter().next().expect("there is an incident")
    }

    /// An incident by its number.
    pub async fn incident(&self, number: i64) -> Incident {
        let found = self.store.incident(&IncidentRef::Number(number)).await;
        found
            .expect("the database answers")
            .expect("there is such an incident")
    }

    /// An incident's timeline.
    pub async fn timeline(&self, incident: &Incident) -> Vec<TimelineEntry> {
        self.store
            .timeline(incident.id)
            .await
            .expect("the database answers")
    }

    /// A person submits the modal on their screen; what became of it there.
    pub async fn submits(&mut self, person: &str, fields: &[(&str, &str)]) -> Submitted {
        let submitted = self.person(person).submit(fields).await;
        let (_, became) = submitted.unwrap_or_else(|why| panic!("{person}: {why}"));
        self.settle().await;
        became
    }

    /// Sends a payload that a person made before, as often as it is said; each is answered 200.
    pub async fn sends(&mut self, person: &str, payload: &Value, times: usize) {
        for _ in 0..times {
            let response = self.person(person).send_payload(payload).await;
            assert!(response.is_ok(), "{response:?}");
        }
        self.settle().await;
    }

    /// Sends a slash command's form that a person made before; it is answered 200.
    pub async fn sends_form(&self, path: &str, form: &str, retry: u32) {
        let kind = "application/x-www-form-urlencoded".to_owned();
        let mut headers = vec![("content-type".to_owned(), kind)];
        if retry > 0 {
            headers.push(("x-slack-retry-num".to_owned(), retry.to_string()));
            headers.push(("x-slack-retry-reason".to_owned(), "http_timeout".to_owned()));
        }
        let body = form.as_bytes().to_vec();
        let response = self.slack.send_as_slack(path, headers, body, Signing::Good);
        let response = response.await;
        assert!(response.is_ok(), "{response:?}");
    }

    /// How many incidents there are.
    pub async fn incidents(&self) -> usize {
        let filter = wardroom::store::IncidentFilter {
            limit: 200,
            ..Default::default()
        };
        let page = self.store.incidents(&filter).await;
        page.expect("the database answers").items.len()
    }

    /// Rows of the database as texts.
    pub async fn query(&self, sql: &'static str) -> Vec<Vec<String>> {
        self.database.query(sql).await
    }

    /// How many rows the inbox has of a source.
    pub async fn rows_from(&self, source: &str) -> usize {
        let rows = self.store.inbox_rows(None, 200, None).await;
        let rows = rows.expect("the database answers").items;
        rows.iter().filter(|row| row.source == source).count()
    }

    /// The audit, oldest first: action, who, outcome, details.
    pub async fn audit(&self) -> Vec<AuditRow> {
        let page = self.store.audit(200, None).await;
        let mut rows = page.expect("the database answers").items;
        rows.reverse();
        rows
    }

    /// Calls the API while the ring goes on; gives the status and the body.
    pub async fn api(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> (u16, Value) {
        let answered = self.calls(method, path, body, headers).await;
        (answered.status, answered.body)
    }

    /// The same; gives the headers too.
    pub async fn calls(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answered {
        let mut request = reqwest::Client::new()
            .request(method, format!("{}/api/v1{path}", self.url))
            .bearer_auth(ADMIN_TOKEN);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let call = tokio::spawn(answered(request));
        while !call.is_finished() {
            self.settle().await;
            tokio::task::yield_now().await;
        }
        let answered = call.await.expect("the call does not panic");
        self.settle().await;
        answered
    }
}

/// What a call was answered.
#[derive(Debug, Clone)]
pub struct Answered {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    /// The JSON; what is none, as a text.
    pub body: Value,
}

impl Answered {
    /// A header's text; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

/// Sends a request and reads its answer whole.
pub async fn answered(request: reqwest::RequestBuilder) -> Answered {
    let response = request.send().await.expect("the app answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("a body");
    Answered {
        status,
        headers,
        body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
    }
}
