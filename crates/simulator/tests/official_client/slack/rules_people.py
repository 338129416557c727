"""Requests to the app: commands, clicks, forms, events, webhooks."""

import hashlib
import hmac
import json
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from slack_sdk.signature import SignatureVerifier

from simulator_client import (
    add_channel,
    client,
    http,
    modal,
    channel_now,
    rule,
    sim,
    state,
    user,
)


SECRET = "sim-signing-secret"


class App(BaseHTTPRequestHandler):
    heard = []
    answers = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, text = App.answers.pop(0) if App.answers else (200, "")
        App.heard.append((self.path, dict(self.headers.items()), body))
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def with_app(play):
    server = ThreadingHTTPServer(("127.0.0.1", 0), App)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    App.heard, App.answers = [], []
    sim("app_url", url=f"http://127.0.0.1:{server.server_port}")
    try:
        play()
    finally:
        sim("app_url", url=None)
        server.shutdown()


def heard_on(name):
    """What the app heard on the path that ends with this name."""
    return [(h, b) for p, h, b in App.heard if p.rsplit("/", 1)[-1] == name]


def well_signed(headers, body):
    headers = {name.lower(): value for name, value in headers.items()}
    stamp = headers["x-slack-request-timestamp"]
    own = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body)
    return hmac.compare_digest(own, headers["x-slack-signature"])


@rule
def a_command_is_signed_complete_and_escaped():
    def play():
        ada = user("grace")
        channel = add_channel(ada)
        App.answers = [(200, json.dumps({"text": "heard"})), (500, "")]
        heard = sim("command", user=ada, channel=channel, command="/incident", text="a < b @grace")["response"]
        assert heard["status"] == 200
        headers, body = heard_on("commands")[0]
        assert well_signed(headers, body)
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        assert form["text"] == f"a &lt; b <@{ada}|grace>"
        for field in ("team_id", "team_domain", "channel_id", "channel_name", "user_id", "user_name",
                      "command", "api_app_id", "response_url", "trigger_id", "is_enterprise_install"):
            assert form[field], field
        client().views_open(trigger_id=form["trigger_id"], view=modal())
        sim("command", user=ada, channel=channel, command="/incident", text="")
        seen = channel_now(channel)["messages"]
        assert seen[-2]["text"] == "heard" and seen[-2]["ephemeral_to"] == ada
        assert "http_service_error" in seen[-1]["text"]

    with_app(play)


@rule
def a_click_contains_all_fields():
    def play():
        ada = user()
        channel = add_channel(ada)
        button = {"type": "button", "action_id": "go", "value": "7",
                  "text": {"type": "plain_text", "text": "Go"}}
        ts = client().chat_postMessage(channel=channel, text="f",
                                       blocks=[{"type": "actions", "elements": [button]}])["ts"]
        sim("press", user=ada, channel=channel, ts=ts, element="Go")
        headers, body = heard_on("interactions")[0]
        assert well_signed(headers, body)
        payload = json.loads(dict(urllib.parse.parse_qsl(body.decode()))["payload"])
        assert payload["type"] == "block_actions" and payload["user"]["id"] == ada
        action = payload["actions"][0]
        assert (action["action_id"], action["value"]) == ("go", "7") and action["action_ts"]
        assert payload["container"]["message_ts"] == ts and payload["response_url"]
        assert payload["message"]["ts"] == ts and payload["channel"]["id"] == channel

    with_app(play)


@rule
def a_modal_shows_errors_and_closes_after_correction():
    def play():
        ada = user()
        field = {"type": "input", "block_id": "title_block",
                 "label": {"type": "plain_text", "text": "Title"},
                 "element": {"type": "plain_text_input", "action_id": "title", "max_length": 10}}
        submit = {"type": "plain_text", "text": "Go"}
        client().views_open(trigger_id=sim("trigger", user=ada)["trigger_id"],
                            view=modal(blocks=[field], submit=submit, private_metadata="C1"))
        errors = {"response_action": "errors", "errors": {"title_block": "too short"}}
        App.answers = [(200, json.dumps(errors)), (200, "")]
        first = sim("submit", user=ada, fields=[["Title", "a & b"]])
        assert first["outcome"] == {"errors": {"title_block": "too short"}}, first
        second = sim("submit", user=ada, fields=[["Title", "longer"]])
        assert second["outcome"] == "closed", second
        views = []
        for _, body in heard_on("interactions"):
            payload = json.loads(dict(urllib.parse.parse_qsl(body.decode()))["payload"])
            assert payload["type"] == "view_submission"
            views.append(payload["view"])
        assert views[0]["hash"] == views[1]["hash"] and views[0]["private_metadata"] == "C1"
        value = views[1]["state"]["values"]["title_block"]["title"]
        assert value == {"type": "plain_text_input", "value": "longer"}
        person = next(p for p in state()["state"]["users"] if p["id"] == ada)
        assert person["modals"] == []

    with_app(play)


@rule
def a_choice_in_a_modal_is_sent_and_an_update_keeps_the_input():
    def option(value):
        return {"text": {"type": "plain_text", "text": value.upper()}, "value": value}

    def play():
        ada = user()
        menu = {"type": "input", "block_id": "m", "dispatch_action": True, "optional": True,
                "label": {"type": "plain_text", "text": "Template"},
                "element": {"type": "static_select", "action_id": "pick",
                            "options": [option("a"), option("b")]}}
        field = {"type": "input", "block_id": "t", "label": {"type": "plain_text", "text": "Title"},
                 "element": {"type": "plain_text_input", "action_id": "a"}}
        whole = modal(blocks=[menu, field], submit={"type": "plain_text", "text": "Go"})
        opened = client().views_open(trigger_id=sim("trigger", user=ada)["trigger_id"], view=whole)
        sim("act_in_modal", user=ada, element="Template", value="B")
        _, body = heard_on("interactions")[0]
        payload = json.loads(dict(urllib.parse.parse_qsl(body.decode()))["payload"])
        assert payload["container"] == {"type": "view", "view_id": opened["view"]["id"]}
        assert payload["actions"][0]["selected_option"]["value"] == "b"
        assert payload["view"]["state"]["values"]["m"]["pick"]["selected_option"]["value"] == "b"
        client().views_update(view_id=opened["view"]["id"], view=whole)
        pushed = {"response_action": "push", "view": modal()}
        App.answers = [(200, json.dumps(pushed)), (200, json.dumps({"response_action": "clear"}))]
        assert sim("submit", user=ada, fields=[["Title", "x"]])["outcome"] == "pushed"
        sent = json.loads(dict(urllib.parse.parse_qsl(App.heard[-1][2].decode()))["payload"])
        assert sent["view"]["state"]["values"]["m"]["pick"]["selected_option"]["value"] == "b"
        assert sim("submit", user=ada)["outcome"] == "cleared"

    with_app(play)


@rule
def slacks_client_checks_required_fields():
    ada = user()
    field = {"type": "input", "block_id": "b", "label": {"type": "plain_text", "text": "Title"},
             "element": {"type": "plain_text_input", "action_id": "a"}}
    client().views_open(trigger_id=sim("trigger", user=ada)["trigger_id"],
                        view=modal(blocks=[field], submit={"type": "plain_text", "text": "Go"}))
    body = json.dumps({"do": "submit", "user": ada, "fields": []}).encode()
    assert http("/__sim/operation", body)[0] == 400


@rule
def a_retried_event_has_the_same_id():
    def play():
        App.answers = [(500, ""), (500, ""), (500, ""), (200, "")]
        ada = user()
        channel = add_channel(ada)
        sim("say", user=ada, channel=channel, text="one < two")
        deadline = time.monotonic() + 5
        while len(heard_on("events")) < 2 and time.monotonic() < deadline:
            json.loads(http(f"/__sim/wait?version={state()['version']}&millis=200")[1])
        sim("advance", millis=60_000)
        sim("deliver_due_events")
        sim("advance", millis=300_000)
        sim("deliver_due_events")
        tries = heard_on("events")
        ids = {json.loads(b)["event_id"] for _, b in tries}
        numbers = [{k.lower(): v for k, v in h.items()}.get("x-slack-retry-num") for h, _ in tries]
        assert len(ids) == 1 and numbers == [None, "1", "2", "3"], (ids, numbers)
        assert json.loads(tries[0][1])["event"]["text"] == "one &lt; two"

    with_app(play)


@rule
def github_signs_json_and_form_over_the_raw_body():
    def play():
        for form in (False, True):
            sim("github", event="push", payload={"ref": "x"}, form=form, delivery="d-1")
        for headers, body in heard_on("webhooks"):
            headers = {name.lower(): value for name, value in headers.items()}
            own = hmac.new(b"sim-github-secret", body, hashlib.sha256).hexdigest()
            assert headers["x-hub-signature-256"] == "sha256=" + own
            assert headers["x-github-delivery"] == "d-1" and headers["x-github-event"] == "push"
        assert len(heard_on("webhooks")) == 2

    with_app(play)


@rule
def statuspage_requires_its_key_and_a_known_status():
    def patch(key, status):
        body = json.dumps({"component": {"status": status}}).encode()
        headers = {"Authorization": "OAuth " + key, "Content-Type": "application/json"}
        sim("advance", millis=1000)
        return http("/v1/pages/p/components/c", body, headers, "PATCH")[0]

    assert patch("forged", "operational") == 401
    assert patch("sim-statuspage-key", "sparkling") == 422
    assert patch("sim-statuspage-key", "major_outage") == 200
    assert state()["statuspage"][-1] == ["c", "major_outage"]
