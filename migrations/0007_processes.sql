-- Who runs: a process says so every 15 s and is listed as gone after 60 s.
create table processes (
    id         uuid primary key,
    host       text not null,
    pid        integer not null,
    version    text not null,
    started_at timestamptz not null,
    seen_at    timestamptz not null
);

-- A table family whose shape changed in a breaking way carries a higher version; a binary that
-- knows only a lower one stops claiming from it and says so.
create table modules (
    name    text primary key,
    version integer not null
);
insert into modules (name, version) values ('inbox', 1), ('outbox', 1), ('incidents', 1);
