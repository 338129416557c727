-- The current state of each incident. Its history is in incident_timeline and audit_log.
create table incidents (
    id              uuid primary key,
    number          bigint not null unique,
    title           text not null check (char_length(title) between 1 and 200),
    severity        text not null check (severity in ('P1', 'P2', 'P3', 'P4')),
    status          text not null check (status in
                    ('declared', 'investigating', 'identified', 'monitoring', 'resolved', 'cancelled', 'merged')),
    service         text not null,
    commander       text,
    comms           text,
    scribe          text,
    channel_id      text unique,
    -- Reserved by the decision, before Slack has created the channel.
    channel_name    text not null unique,
    channel_try     integer not null,
    -- When Slack reported that the channel was archived or deleted.
    room_closed_at  timestamptz,
    card_ts         text,
    declared_by     text not null,
    declared_at     timestamptz not null,
    acknowledged_at timestamptz,
    resolved_at     timestamptz,
    resolved_by     text,
    last_update     text,
    last_update_at  timestamptz,
    kind            text not null check (kind in ('real', 'drill')),
    private         boolean not null,
    source          text not null check (source in ('slack', 'github', 'alert', 'heartbeat', 'api')),
    origin_room     text,
    -- A modal declares one incident, even when it is submitted several times.
    origin_view     text unique,
    constraint incidents_resolved check ((status = 'resolved') = (resolved_at is not null))
);

create index incidents_open on incidents (number desc)
    where status in ('declared', 'investigating', 'identified', 'monitoring');
create index incidents_service on incidents (service, number desc);
create index incidents_ended on incidents (resolved_at desc) where resolved_at is not null;

-- Incident numbers have no gaps: the lock on this row serializes declarations.
create table counters (
    name  text primary key,
    value bigint not null
);
insert into counters (name, value) values ('incident', 0);
