-- The timeline and the audit log. Triggers make both append-only; a correction is a new line that
-- supersedes the old one.
create table incident_timeline (
    id         bigint generated always as identity primary key,
    incident   uuid not null references incidents (id),
    at         timestamptz not null,
    kind       text not null check (kind in
               ('declared', 'status_update', 'state_change', 'severity_change', 'role_change', 'resolved', 'note')),
    text       text not null,
    by         text not null,
    -- The signal that caused the line, and the line's position among those of the signal: a signal
    -- that is decided again adds no lines.
    signal     uuid not null,
    ordinal    integer not null,
    supersedes bigint references incident_timeline (id),
    constraint incident_timeline_once unique (signal, ordinal)
);
create index incident_timeline_incident on incident_timeline (incident, id);

create table audit_log (
    id       bigint generated always as identity primary key,
    incident uuid references incidents (id),
    at       timestamptz not null,
    action   text not null,
    by       text not null,
    outcome  text not null check (outcome in ('done', 'refused')),
    details  jsonb not null,
    signal   uuid not null,
    ordinal  integer not null,
    constraint audit_log_once unique (signal, ordinal)
);
create index audit_log_incident on audit_log (incident, id);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: add a row that supersedes the old one', tg_table_name
        using errcode = 'restrict_violation';
end $$;

create trigger incident_timeline_append_only before update or delete on incident_timeline
    for each row execute function refuse_change();
create trigger incident_timeline_no_truncate before truncate on incident_timeline
    for each statement execute function refuse_change();
create trigger audit_log_append_only before update or delete on audit_log
    for each row execute function refuse_change();
create trigger audit_log_no_truncate before truncate on audit_log
    for each statement execute function refuse_change();
