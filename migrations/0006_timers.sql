-- Timers of incidents. Setting a timer again raises its generation, so that the signal of the earlier
-- setting has no effect.
create table timers (
    incident   uuid not null references incidents (id),
    name       text not null,
    due        timestamptz not null,
    generation integer not null default 1,
    pending    boolean not null default true,
    primary key (incident, name)
);
create index timers_due on timers (due) where pending;
