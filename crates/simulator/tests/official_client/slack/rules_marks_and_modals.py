"""Pins, reactions, bookmarks, files, modals, response_url, rate limits and faults."""

import json

from slack_sdk.errors import SlackApiError

from simulator_client import (
    BASE,
    add_channel,
    client,
    http,
    modal,
    posts,
    refused,
    rule,
    sim,
    state,
    user,
)


# --- pins, reactions, bookmarks and files

@rule
def a_message_is_pinned_once():
    channel = add_channel()
    ts = client().chat_postMessage(channel=channel, text="x")["ts"]
    client().pins_add(channel=channel, timestamp=ts)
    refused("already_pinned", client().pins_add, channel=channel, timestamp=ts)
    assert client().pins_list(channel=channel)["items"][0]["message"]["ts"] == ts
    client().pins_remove(channel=channel, timestamp=ts)
    refused("no_pin", client().pins_remove, channel=channel, timestamp=ts)
    refused("message_not_found", client().pins_add, channel=channel, timestamp="1.000001")


@rule
def a_file_is_staged_uploaded_and_shared():
    channel = add_channel()
    client().files_upload_v2(channel=channel, content="# report", filename="report.md", title="R")
    shared = posts(channel)[0]
    message = client().conversations_history(channel=channel)["messages"][0]
    assert message["files"][0]["id"] == shared["files"][0] and message["files"][0]["title"] == "R"
    staged = client().files_getUploadURLExternal(filename="x.txt", length=3)
    refused("file_not_found", client().files_completeUploadExternal,
            files=[{"id": staged["file_id"], "title": "x"}], channel_id=channel)
    path = staged["upload_url"].removeprefix(BASE)
    assert http(path, b"four", method="POST")[0] == 400
    assert http(path, b"abc", method="POST")[1] == "OK - 3"


# --- modals

@rule
def a_trigger_is_valid_for_three_seconds_and_one_use():
    ada = user()
    views_open = client().views_open
    refused("invalid_trigger_id", views_open, trigger_id="1.2.x", view=modal())
    trigger = sim("trigger", user=ada)["trigger_id"]
    refused("invalid_arguments", views_open, trigger_id=trigger,
            view=modal(title={"type": "plain_text", "text": "x" * 25}))
    views_open(trigger_id=trigger, view=modal())
    refused("exchanged_trigger_id", views_open, trigger_id=trigger, view=modal())
    late = sim("trigger", user=ada)["trigger_id"]
    sim("advance", millis=3000)
    refused("expired_trigger_id", views_open, trigger_id=late, view=modal())


@rule
def a_stale_hash_conflicts():
    ada = user()
    view = client().views_open(trigger_id=sim("trigger", user=ada)["trigger_id"], view=modal())["view"]
    client().views_update(view_id=view["id"], hash=view["hash"], view=modal())
    refused("hash_conflict", client().views_update,
            view_id=view["id"], hash=view["hash"], view=modal())
    refused("not_found", client().views_update, view_id="V404", view=modal())
    sim("close_modal", user=ada)
    refused("not_found", client().views_update, view_id=view["id"], view=modal())


@rule
def at_most_three_views_can_be_open():
    ada = user()

    def trigger():
        return sim("trigger", user=ada, from_modal=True)["trigger_id"]

    client().views_open(trigger_id=trigger(), view=modal())
    client().views_push(trigger_id=trigger(), view=modal())
    client().views_push(trigger_id=trigger(), view=modal())
    refused("push_limit_reached", client().views_push, trigger_id=trigger(), view=modal())


@rule
def the_limits_of_a_view_are_enforced():
    def trigger():
        return sim("trigger", user=user())["trigger_id"]

    refused("invalid_arguments", client().views_open,
            trigger_id=trigger(), view=modal(private_metadata="x" * 3001))
    refused("view_too_large", client().views_open,
            trigger_id=trigger(), view=modal(private_metadata="x" * 260_000))


# --- response_url

def answer_to(url, **body):
    return http(url.removeprefix(BASE), json.dumps(body).encode(),
                {"Content-Type": "application/json"})


@rule
def a_response_url_is_valid_for_five_uses_and_half_an_hour():
    ada = user()
    channel = add_channel(ada, bot=False)
    url = sim("response_url", user=ada, channel=channel)["response_url"]
    for n in range(5):
        assert answer_to(url, text=str(n))[:2] == (200, "ok")
        sim("advance", millis=1000)
    assert answer_to(url, text="six")[:2] == (404, "used_url")
    assert all(m["ephemeral_to"] == ada for m in posts(channel))
    late = sim("response_url", user=ada, channel=channel)["response_url"]
    assert answer_to(late, text="all", response_type="in_channel")[0] == 200
    assert posts(channel)[-1]["ephemeral_to"] is None
    sim("advance", millis=30 * 60_000)
    assert answer_to(late, text="late")[:2] == (404, "expired_url")


@rule
def a_response_url_edits_and_deletes_its_message():
    ada, channel = user(), add_channel()
    ts = client().chat_postMessage(channel=channel, text="a")["ts"]
    url = sim("response_url", user=ada, channel=channel, source=ts)["response_url"]
    answer_to(url, text="b", replace_original=True)
    assert [m["text"] for m in posts(channel)] == ["b"]
    answer_to(url, delete_original=True)
    assert posts(channel) == []


# --- rate limits and faults

@rule
def a_channel_accepts_about_one_message_a_second():
    channel, other = add_channel(), add_channel()
    for n in range(20):
        try:
            client().chat_postMessage(channel=channel, text=str(n))
        except SlackApiError as error:
            assert error.response.status_code == 429 and error.response["error"] == "ratelimited"
            wait = int(error.response.headers["Retry-After"])
            break
    else:
        raise AssertionError("never limited")
    client().chat_postMessage(channel=other, text="others do not wait")
    sim("advance", millis=wait * 1000)
    client().chat_postMessage(channel=channel, text="after the wait")


@rule
def a_tier_limits_the_calls_per_minute():
    sim("advance", millis=60_000)
    for _ in range(20):
        client().users_list()
    try:
        client().users_list()
        raise AssertionError("never limited")
    except SlackApiError as error:
        assert error.response.status_code == 429
    sim("advance", millis=60_000)
    client().users_list()


@rule
def faults_are_injected_as_ordered():
    channel = add_channel()

    def fault(kind, **more):
        sim("fault", method="chat.postMessage", channel=channel, times=1, fault={"kind": kind, **more})

    def post(text, timeout=5):
        return client(timeout=timeout).chat_postMessage(channel=channel, text=text)

    def no_answer(text, timeout=5):
        try:
            post(text, timeout)
        except SlackApiError as error:
            return error.response.status_code
        except Exception:
            return None
        raise AssertionError(f"{text} was answered")

    def said():
        return [m["text"] for m in posts(channel)]

    fault("rate_limited", retry_after=7)
    assert no_answer("limited") == 429
    fault("status", status=503)
    assert no_answer("refused") == 503
    fault("done_but_status", status=500)
    assert no_answer("done, 500") == 500
    fault("code", code="fatal_error")
    refused("fatal_error", post, "fatal")
    fault("lose_request")
    assert no_answer("lost before") is None
    fault("lose_answer")
    assert no_answer("lost after") is None
    fault("hold_answer")
    assert no_answer("held", timeout=1) is None
    assert said() == ["done, 500", "lost after", "held"], said()
    sim("advance", millis=60_000)
    fault("hold_request")
    assert no_answer("never done", timeout=1) is None
    fault("done_after_hang_up")
    version = state()["version"]
    assert no_answer("done late", timeout=1) is None
    while "done late" not in said():
        found = json.loads(http(f"/__sim/wait?version={version}&millis=5000")[1])
        assert found["changed"], said()
        version = found["version"]
    assert "never done" not in said()
