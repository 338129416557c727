-- What happened: a row is durable before anybody is told 2xx.
create table inbox (
    id          uuid primary key,
    -- Arrival order; a subject's rows are decided in it.
    seq         bigint generated always as identity,
    source      text not null,
    kind        text not null,
    dedup_key   text not null,
    subject     text not null,
    headers     jsonb not null default '{}',
    -- As it came, bytes and all (jsonb would refuse \u0000); gone after 7 days, the key after 30.
    body        bytea,
    sealed      boolean not null default false,
    traceparent text,
    received_at timestamptz not null,
    state       text not null default 'open' check (state in ('open', 'done', 'parked')),
    -- True while an earlier row of the subject is open. Set under the subject's advisory lock by
    -- whoever appends, cleared under it by whoever ends the earlier row.
    blocked     boolean not null default false,
    attempts    integer not null default 0,
    run_at      timestamptz not null,
    error       text,
    outcome     text,
    -- What a waiting API call is answered.
    answer      jsonb,
    ended_at    timestamptz,
    constraint inbox_dedup unique (source, dedup_key),
    constraint inbox_ended check ((state = 'open') = (ended_at is null))
);

-- By when it is due: a claim must not read through rows that wait for later.
create index inbox_due on inbox (run_at, seq) where state = 'open' and not blocked;
create index inbox_subject on inbox (subject, seq) where state = 'open';
-- Lists for people, newest first.
create index inbox_seq on inbox (seq);
-- What is forgotten: bodies first, the rows later.
create index inbox_bodies on inbox (received_at) where body is not null and state = 'done';
create index inbox_old on inbox (received_at) where state = 'done';

-- lz4 halves the server's work on bodies, where the server was built with it.
do $$ begin
    alter table inbox alter column body set compression lz4;
exception when others then
    raise notice 'lz4 is not available: bodies are compressed by the default method';
end $$;
