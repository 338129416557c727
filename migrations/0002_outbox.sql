-- Effects: calls to providers that are still to be made, or were made.
create table outbox (
    -- UUID v5 of the signal and the effect's ordinal, so that a repeated decision creates the same rows.
    id               uuid primary key,
    seq              bigint generated always as identity,
    signal           uuid not null,
    incident         uuid,
    lane             text not null,
    provider         text not null,
    kind             text not null,
    effect           jsonb not null,
    priority         smallint not null,
    coalesce_key     text,
    state            text not null default 'open'
                     check (state in ('open', 'done', 'uncertain', 'parked', 'dropped')),
    -- Null while the row waits or is being delivered. An `uncertain` row without it is still to be
    -- looked up; one with it has ended.
    ended_at         timestamptz,
    -- True while an earlier row of the lane is unfinished; maintained as in the inbox, per lane.
    blocked          boolean not null default false,
    attempts         integer not null default 0,
    looks            integer not null default 0,
    generation       integer not null default 0,
    run_at           timestamptz not null,
    not_after        timestamptz,
    -- Leases use the database's clock, so that a host with a wrong clock cannot take over another's lease.
    lease_until      timestamptz,
    lease_token      uuid,
    first_attempt_at timestamptz,
    -- When the effect may first have happened without a known result; null: it has not happened.
    -- Kept when the row is parked or dropped, so that a manual retry looks the effect up first.
    uncertain_since  timestamptz,
    error            text,
    answer           jsonb,
    traceparent      text,
    created_at       timestamptz not null,
    constraint outbox_ended check (
        (state = 'open' and ended_at is null)
        or (state = 'uncertain')
        or (state in ('done', 'parked', 'dropped') and ended_at is not null))
);

create index outbox_due on outbox (priority, run_at, seq) where ended_at is null and not blocked;
create index outbox_lane on outbox (lane, seq) where ended_at is null;
create index outbox_coalesce on outbox (coalesce_key) where ended_at is null;
-- The newest known message of a lane.
create index outbox_messages on outbox (lane, seq)
    where state = 'done' and kind in ('post_message', 'direct_message');
create index outbox_parked on outbox (seq) where state = 'parked';
-- Lists in the CLI and the API, newest first.
create index outbox_seq on outbox (seq);
create index outbox_old on outbox (ended_at) where ended_at is not null;

-- Pauses that a provider asked for. They apply to every replica.
create table pauses (
    scope  text primary key,
    until  timestamptz not null,
    reason text not null
);
