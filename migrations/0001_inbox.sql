-- Signals. A request is answered with 2xx only after its row is committed.
create table inbox (
    id          uuid primary key,
    -- The order of arrival. Rows of one subject are decided in this order.
    seq         bigint generated always as identity,
    source      text not null,
    kind        text not null,
    dedup_key   text not null,
    subject     text not null,
    headers     jsonb not null default '{}',
    -- The bytes as received (jsonb would refuse \u0000). Deleted after 7 days; the row is deleted after 30.
    body        bytea,
    sealed      boolean not null default false,
    traceparent text,
    received_at timestamptz not null,
    state       text not null default 'open' check (state in ('open', 'done', 'parked')),
    -- True while an earlier row of the subject is open. An append sets it and the end of the earlier
    -- row clears it, both under the subject's advisory lock.
    blocked     boolean not null default false,
    attempts    integer not null default 0,
    run_at      timestamptz not null,
    error       text,
    outcome     text,
    -- The response to the API call that waits for this row.
    answer      jsonb,
    ended_at    timestamptz,
    constraint inbox_dedup unique (source, dedup_key),
    constraint inbox_ended check ((state = 'open') = (ended_at is null))
);

-- Ordered by due time, so that a claim does not read rows that are due later.
create index inbox_due on inbox (run_at, seq) where state = 'open' and not blocked;
create index inbox_subject on inbox (subject, seq) where state = 'open';
-- Lists in the CLI and the API, newest first.
create index inbox_seq on inbox (seq);
-- Retention: bodies are deleted first, rows later.
create index inbox_bodies on inbox (received_at) where body is not null and state = 'done';
create index inbox_old on inbox (received_at) where state = 'done';

-- lz4 halves the server's CPU time for bodies. A server can be built without it.
do $$ begin
    alter table inbox alter column body set compression lz4;
exception when others then
    raise notice 'lz4 is not available: bodies are compressed by the default method';
end $$;
