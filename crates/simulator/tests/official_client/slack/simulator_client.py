"""The official client, and the simulator's control endpoint, for the rules in this directory."""

import json
import sys
import urllib.error
import urllib.request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

BASE = sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:18099"
TOKEN = sys.argv[2] if len(sys.argv) > 2 else "xoxb-sim-bot-token"
RULES = []
COUNTER = iter(range(1, 1_000_000))


def rule(function):
    RULES.append(function)
    return function


def client(token=TOKEN, timeout=5):
    # Without retries, which would hide the simulator's answer.
    return WebClient(token=token, base_url=BASE + "/api/", timeout=timeout, retry_handlers=[])


def http(path, data=None, headers=None, method=None):
    request = urllib.request.Request(BASE + path, data=data, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


def sim(do, **more):
    body = json.dumps({"do": do, **more}).encode()
    status, text, _ = http("/__sim/operation", body, {"Content-Type": "application/json"})
    assert status == 200, (do, more, text)
    return json.loads(text)


def state():
    return json.loads(http("/__sim/state")[1])


def channel_now(channel):
    return next(r for r in state()["state"]["channels"] if r["id"] == channel)


def posts(channel):
    return [m for m in channel_now(channel)["messages"] if not m["subtype"]]


def refused(code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except SlackApiError as error:
        assert error.response["error"] == code, f"wanted {code}, got {error.response.data}"
        return error.response
    raise AssertionError(f"accepted, but Slack answers {code}")


def fresh(word="channel"):
    return f"{word}-{next(COUNTER)}"


def user(name=None):
    return sim("add_user", name=name or fresh("user"))["id"]


def me():
    return state()["bot_user"]


def add_channel(*members, private=False, bot=True, name=None):
    inside = ([me()] if bot else []) + list(members)
    return sim("add_channel", name=name or fresh(), private=private, members=inside)["id"]


def token(*scopes):
    made = fresh("xoxb")
    found = sim("add_token", token=made, name=fresh("bot"), scopes=list(scopes))
    return made, found["user_id"]


def section(length=5):
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x" * length}}


def modal(**more):
    return {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [], **more}
