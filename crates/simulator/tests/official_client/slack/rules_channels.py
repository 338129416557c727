"""Tokens, bodies, posting, Block Kit, channels and their history."""

import json

from simulator_client import (
    TOKEN,
    add_channel,
    client,
    fresh,
    http,
    me,
    posts,
    refused,
    channel_now,
    rule,
    section,
    sim,
    token,
    user,
)


# --- tokens and scopes

@rule
def a_token_is_required_and_checked():
    refused("not_authed", client(token="").auth_test)
    refused("invalid_auth", client(token="xoxb-forged").auth_test)
    found = client().auth_test()
    assert found["user_id"] == me() and found["bot_id"].startswith("B")


@rule
def a_revoked_token_is_refused_with_its_code():
    made, _ = token("chat:write")
    sim("revoke", token=made, code="token_revoked")
    refused("token_revoked", client(made).auth_test)


@rule
def scopes_are_in_a_header_and_a_missing_one_is_named():
    made, _ = token("chat:write")
    assert client(made).auth_test().headers["x-oauth-scopes"] == "chat:write"
    said = refused("missing_scope", client(made).users_list)
    assert said["needed"] == "users:read" and said["provided"] == "chat:write"


@rule
def a_private_channel_requires_the_private_scope():
    made, _ = token("channels:manage")
    client(made).conversations_create(name=fresh())
    refused("missing_scope", client(made).conversations_create, name=fresh(), is_private=True)


@rule
def an_unknown_method_is_refused():
    refused("unknown_method", client().api_call, "chat.shout")


# --- bodies

@rule
def json_is_ignored_by_methods_that_do_not_accept_it():
    channel = add_channel()
    assert client().conversations_info(channel=channel)["channel"]["id"] == channel
    refused("invalid_arguments", client().api_call, "conversations.info", json={"channel": channel})


@rule
def invalid_json_is_refused():
    headers = {"Content-Type": "application/json; charset=utf-8", "Authorization": "Bearer " + TOKEN}
    for body, code in ((b"{", "invalid_json"), (b"[]", "json_not_object")):
        assert json.loads(http("/api/chat.postMessage", body, headers)[1])["error"] == code


# --- posting

@rule
def timestamps_increase_strictly():
    channel = add_channel()
    stamps = [client().chat_postMessage(channel=channel, text=str(n))["ts"] for n in range(3)]
    assert sorted(set(stamps)) == stamps


@rule
def membership_decides_who_may_post():
    closed, _ = token("chat:write", "channels:read")
    public, private = add_channel(bot=False), add_channel(bot=False, private=True)
    refused("not_in_channel", client(closed).chat_postMessage, channel=public, text="x")
    client().chat_postMessage(channel=public, text="chat:write.public")
    refused("channel_not_found", client().chat_postMessage, channel=private, text="x")
    refused("channel_not_found", client().chat_postMessage, channel="C404", text="x")


@rule
def an_archived_channel_refuses_changes():
    channel, ada = add_channel(), user()
    ts = client().chat_postMessage(channel=channel, text="before")["ts"]
    sim("archive", user=ada, channel=channel)
    refused("is_archived", client().chat_postMessage, channel=channel, text="x")
    refused("is_archived", client().chat_update, channel=channel, ts=ts, text="x")
    refused("is_archived", client().conversations_setTopic, channel=channel, topic="x")
    refused("is_archived", client().pins_add, channel=channel, timestamp=ts)
    refused("already_archived", client().conversations_archive, channel=channel)


@rule
def a_message_requires_text():
    refused("no_text", client().chat_postMessage, channel=add_channel(), text="")


@rule
def a_message_to_a_person_opens_a_direct_message():
    ada = user()
    sent = client().chat_postMessage(channel=ada, text="hello")
    assert sent["channel"].startswith("D")
    assert client().conversations_open(users=ada)["channel"]["id"] == sent["channel"]
    refused("user_not_found", client().conversations_open, users="U404")
    _, bot = token("chat:write")
    refused("cannot_dm_bot", client().conversations_open, users=bot)


@rule
def metadata_is_validated():
    channel = add_channel()
    good = {"event_type": "e", "event_payload": {"k": "1"}}
    client().chat_postMessage(channel=channel, text="x", metadata=good)
    bad = {"event_type": "e"}
    refused("invalid_metadata_schema", client().chat_postMessage, channel=channel, text="x", metadata=bad)


@rule
def a_thread_must_exist():
    channel = add_channel()
    parent = client().chat_postMessage(channel=channel, text="parent")["ts"]
    client().chat_postMessage(channel=channel, text="reply", thread_ts=parent)
    replies = client().conversations_replies(channel=channel, ts=parent)["messages"]
    assert [m["text"] for m in replies] == ["parent", "reply"]
    assert [m["text"] for m in client().conversations_history(channel=channel)["messages"]] == ["parent"]
    refused("thread_not_found", client().conversations_replies, channel=channel, ts="1.000001")


@rule
def only_own_messages_can_be_changed():
    channel, ada = add_channel(user("eve")), user()
    sim("join", user=ada, channel=channel)
    theirs = sim("say", user=ada, channel=channel, text="mine")["ts"]
    refused("cant_update_message", client().chat_update, channel=channel, ts=theirs, text="x")
    refused("cant_delete_message", client().chat_delete, channel=channel, ts=theirs)
    refused("message_not_found", client().chat_update, channel=channel, ts="1.000001", text="x")
    own = client().chat_postMessage(channel=channel, text="a")["ts"]
    assert client().chat_update(channel=channel, ts=own, text="b")["text"] == "b"
    client().chat_delete(channel=channel, ts=own)
    refused("message_not_found", client().chat_delete, channel=channel, ts=own)


@rule
def an_ephemeral_message_requires_membership_and_is_not_in_the_history():
    ada, eve = user(), user()
    channel, other = add_channel(ada), add_channel(ada, bot=False)
    refused("user_not_in_channel", client().chat_postEphemeral, channel=channel, user=eve, text="x")
    refused("not_in_channel", client().chat_postEphemeral, channel=other, user=ada, text="x")
    client().chat_postEphemeral(channel=channel, user=ada, text="psst")
    assert client().conversations_history(channel=channel)["messages"] == []
    assert posts(channel)[0]["ephemeral_to"] == ada


@rule
def a_permalink_requires_an_existing_message():
    channel = add_channel()
    ts = client().chat_postMessage(channel=channel, text="x")["ts"]
    assert channel in client().chat_getPermalink(channel=channel, message_ts=ts)["permalink"]
    refused("message_not_found", client().chat_getPermalink, channel=channel, message_ts="1.000001")


# --- Block Kit

@rule
def the_limits_of_blocks_are_enforced():
    sim("limits", on=False)
    channel = add_channel()
    post = client().chat_postMessage
    post(channel=channel, text="f", blocks=[{"type": "divider"}] * 50)
    bad = [
        [{"type": "divider"}] * 51,
        [section(3001)],
        [{"type": "section"}],
        [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        [{**section(), "block_id": "b"}] * 2,
    ]
    for blocks in bad:
        said = refused("invalid_blocks", post, channel=channel, text="f", blocks=blocks)
        assert said["response_metadata"]["messages"], said.data
    refused("invalid_blocks_format", post, channel=channel, text="f", blocks="{")
    refused("msg_blocks_too_long", post, channel=channel, text="f", blocks=[section(2900)] * 6)


@rule
def the_limits_of_buttons_and_menus_are_enforced():
    sim("limits", on=False)
    channel = add_channel()

    def with_element(element):
        return [{"type": "actions", "elements": [element]}]

    def plain(length):
        return {"type": "plain_text", "text": "x" * length}

    option = {"text": plain(75), "value": "v"}
    bad = [
        {"type": "button", "text": plain(76), "action_id": "a"},
        {"type": "button", "text": plain(5), "action_id": "a", "value": "v" * 2001},
        {"type": "button", "text": plain(5), "action_id": "a" * 256},
        {"type": "static_select", "action_id": "a", "options": []},
        {"type": "static_select", "action_id": "a",
         "options": [{**option, "value": str(n)} for n in range(101)]},
        {"type": "static_select", "action_id": "a", "options": [{**option, "text": plain(76)}]},
    ]
    for element in bad:
        refused("invalid_blocks", client().chat_postMessage,
                channel=channel, text="f", blocks=with_element(element))


# --- channels

@rule
def names_are_checked_and_archived_channels_keep_theirs():
    create = client().conversations_create
    name = fresh("störung")
    channel = create(name=name)["channel"]["id"]
    refused("name_taken", create, name=name)
    client().conversations_archive(channel=channel)
    refused("name_taken", create, name=name)
    for bad, code in (("", "invalid_name_required"), ("x" * 81, "invalid_name_maxlength"),
                      ("Upper", "invalid_name_specials"), ("a b", "invalid_name_specials"),
                      ("---", "invalid_name_punctuation")):
        refused(code, create, name=bad)
    sim("advance", millis=60_000)


@rule
def renaming_keeps_the_id():
    channel, taken = add_channel(), fresh("taken")
    add_channel(name=taken)
    refused("name_taken", client().conversations_rename, channel=channel, name=taken)
    renamed = client().conversations_rename(channel=channel, name=fresh("new"))["channel"]
    assert renamed["id"] == channel


@rule
def one_bad_id_fails_an_invitation_unless_forced():
    ada, eve, channel = user(), user(), add_channel()
    invite = client().conversations_invite
    said = refused("user_not_found", invite, channel=channel, users=[ada, "U404"])
    assert said["errors"] == [{"user": "U404", "ok": False, "error": "user_not_found"}]
    assert ada not in client().conversations_members(channel=channel)["members"]
    forced = invite(channel=channel, users=[ada, "U404"], force=True)
    assert forced["errors"][0]["error"] == "user_not_found"
    assert ada in client().conversations_members(channel=channel)["members"]
    refused("already_in_channel", invite, channel=channel, users=[ada])
    refused("cant_invite_self", invite, channel=channel, users=[me()])
    invite(channel=channel, users=[eve])
    sim("deactivate", user=eve)
    refused("not_in_channel", invite, channel=add_channel(bot=False), users=[ada])


@rule
def only_public_channels_can_be_joined():
    channel = add_channel(bot=False)
    client().conversations_join(channel=channel)
    again = client().conversations_join(channel=channel)
    assert again["warning"] == "already_in_channel"
    refused("channel_not_found", client().conversations_join, channel=add_channel(bot=False, private=True))


@rule
def topics_have_a_maximum_length():
    channel = add_channel()
    client().conversations_setTopic(channel=channel, topic="x" * 250)
    refused("too_long", client().conversations_setTopic, channel=channel, topic="x" * 251)
    refused("not_in_channel", client().conversations_setTopic, channel=add_channel(bot=False), topic="x")
    client().conversations_setPurpose(channel=channel, purpose="why")
    assert channel_now(channel)["purpose"] == "why"


@rule
def archived_channels_can_be_unarchived():
    channel = add_channel()
    client().conversations_archive(channel=channel)
    client().conversations_unarchive(channel=channel)
    refused("not_archived", client().conversations_unarchive, channel=channel)


@rule
def lists_are_paged_and_hide_private_channels():
    hidden = add_channel(bot=False, private=True)
    seen, cursor = [], None
    while True:
        page = client().conversations_list(limit=7, cursor=cursor,
                                           types="public_channel,private_channel")
        seen += [c["id"] for c in page["channels"]]
        cursor = page["response_metadata"]["next_cursor"]
        sim("advance", millis=5000)
        if not cursor:
            break
    assert len(seen) == len(set(seen)) and hidden not in seen
    refused("invalid_cursor", client().conversations_list, cursor="forged")
    mine = add_channel()
    own = [channel["id"] for channel in client().users_conversations(limit=999)["channels"]]
    assert mine in own and hidden not in own
    refused("invalid_cursor", client().users_conversations, cursor="forged")


# --- history

@rule
def history_is_for_members_and_paged_newest_first():
    channel = add_channel()
    stamps = []
    for n in range(5):
        stamps.append(client().chat_postMessage(channel=channel, text=str(n))["ts"])
        sim("advance", millis=2000)
    first = client().conversations_history(channel=channel, limit=2)
    assert [m["text"] for m in first["messages"]] == ["4", "3"] and first["has_more"]
    client().chat_postMessage(channel=channel, text="in between")
    cursor = first["response_metadata"]["next_cursor"]
    second = client().conversations_history(channel=channel, limit=2, cursor=cursor)
    assert [m["text"] for m in second["messages"]] == ["2", "1"]
    between = client().conversations_history(channel=channel, oldest=stamps[1], latest=stamps[3])
    assert [m["text"] for m in between["messages"]] == ["2"]
    edges = client().conversations_history(
        channel=channel, oldest=stamps[1], latest=stamps[3], inclusive=True)
    assert [m["text"] for m in edges["messages"]] == ["3", "2", "1"]
    refused("not_in_channel", client().conversations_history, channel=add_channel(bot=False))
    refused("invalid_ts_oldest", client().conversations_history, channel=channel, oldest="noon")


@rule
def metadata_is_returned_on_request():
    channel = add_channel()
    client().chat_postMessage(channel=channel, text="x",
                              metadata={"event_type": "e", "event_payload": {"k": "1"}})
    plain = client().conversations_history(channel=channel)["messages"][0]
    full = client().conversations_history(channel=channel, include_all_metadata=True)["messages"][0]
    assert "metadata" not in plain and full["metadata"]["event_payload"]["k"] == "1"
