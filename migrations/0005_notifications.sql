-- Whom an incident was told to outside of its room: one row an attempt. The throttle and the
-- resolution's route are read from here, so they hold after a restart and on every replica.
create table notifications (
    -- The effect that carries it (or would have, when it was held back).
    effect   uuid primary key,
    incident uuid not null references incidents (id),
    channel  text not null check (channel in ('room', 'person')),
    target   text not null,
    occasion text not null check (occasion in ('declared', 'escalated', 'resolved')),
    status   text not null check (status in ('pending', 'sent', 'failed', 'throttled', 'uncertain')),
    error    text,
    at       timestamptz not null
);
create index notifications_incident on notifications (incident, at);
