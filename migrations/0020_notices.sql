-- What operators were told of rows that are stuck: one row a message. Further rows of the same kind and cause only raise
-- its count, on every replica and after a restart.
create table notices (
    -- The effect that carries the message.
    effect  uuid primary key,
    rows    text not null check (rows in ('parked_signals', 'parked_effects', 'uncertain_effects')),
    kind    text not null,
    -- The rows' error, without what differs from row to row.
    error   text not null,
    channel text not null check (channel in ('room', 'person')),
    target  text not null,
    count   bigint not null,
    since   timestamptz not null,
    -- When the oldest of the rows was received or decided.
    oldest  timestamptz not null
);
create index notices_cause on notices (kind, error, since);
create index notices_since on notices (since);
