//! What people do in a story, in the product's words.

use super::{ADMIN_TOKEN, World};
use serde_json::Value;
use wardroom::domain::act::IncidentRef;
use wardroom::domain::incident::{Incident, TimelineEntry};
use wardroom::simulator::Person;

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

    /// A person types `/incident …` in a room; the command is answered 200, and all that follows
    /// from it at this moment happens.
    #[track_caller]
    pub fn types<'a>(
        &'a mut self,
        person: &'a str,
        room: &'a str,
        text: &'a str,
    ) -> impl Future<Output = ()> + 'a {
        async move {
            let room = self.room_id(room);
            let heard = self.person(person).command(&room, "/incident", text).await;
            assert!(heard.is_ok(), "/incident {text}: {heard:?}");
            self.settle().await;
        }
    }

    /// A person presses a button (by its label) under a message.
    pub async fn presses(&mut self, person: &str, message: &super::HeardMessage, button: &str) {
        let heard = self
            .person(person)
            .press(&message.room, &message.ts, button)
            .await;
        let heard = heard.unwrap_or_else(|why| panic!("{button}: {why}"));
        assert!(heard.is_ok(), "{button}: {heard:?}");
        self.settle().await;
    }

    /// Declares an incident in #general by one line and hears what everybody hears; gives the name
    /// of its room.
    pub async fn declared(&mut self, person: &str, line: &str) -> String {
        self.types(person, "general", &format!("declare {line}"))
            .await;
        let incident = self.newest().await;
        self.hears_all();
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

    /// Calls the API while the ring goes on; gives the status and the body.
    pub async fn api(
        &mut self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> (u16, Value) {
        let mut request = reqwest::Client::new()
            .request(method, format!("{}/api/v1{path}", self.url))
            .bearer_auth(ADMIN_TOKEN);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let call = tokio::spawn(async move {
            let response = request.send().await.expect("the app answers");
            let status = response.status().as_u16();
            let text = response.text().await.expect("a body");
            (
                status,
                serde_json::from_str(&text).unwrap_or(Value::String(text)),
            )
        });
        while !call.is_finished() {
            self.settle().await;
            tokio::task::yield_now().await;
        }
        let answered = call.await.expect("the call does not panic");
        self.settle().await;
        answered
    }
}
