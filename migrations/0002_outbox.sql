-- What is to be done outside.
create table outbox (
    -- uuid v5 of the signal and the effect's ordinal: a decision made again makes the same rows.
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
    -- Null while it waits or is under way: `uncertain` may be either, to be looked for or for good.
    ended_at         timestamptz,
    -- True while an earlier row of the lane is unfinished; kept as in the inbox, per lane.
    blocked          boolean not null default false,
    attempts         integer not null default 0,
    looks            integer not null default 0,
    generation       integer not null default 0,
    run_at           timestamptz not null,
    not_after        timestamptz,
    -- The database's clock alone rules leases, so that a host whose clock is wrong steals nothing.
    lease_until      timestamptz,
    lease_token      uuid,
    first_attempt_at timestamptz,
    -- Since when it may have happened without our knowing; null: it surely has not. Outlives a
    -- parking and a dropping, so that a retry by hand looks first.
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
-- The newest message that we know of in a lane.
create index outbox_messages on outbox (lane, seq)
    where state = 'done' and kind in ('post_message', 'direct_message');
create index outbox_parked on outbox (seq) where state = 'parked';
-- Lists for people, newest first.
create index outbox_seq on outbox (seq);
create index outbox_old on outbox (ended_at) where ended_at is not null;

-- What a provider asked us to wait for; every replica obeys.
create table pauses (
    scope  text primary key,
    until  timestamptz not null,
    reason text not null
);
