-- Notifications about an incident outside its own channel, one row per attempt. The throttle and the
-- recipients of the resolution are read from here, so they apply after a restart and on every replica.
create table notifications (
    -- The effect that delivers it. A throttled notification has an id but no effect.
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
