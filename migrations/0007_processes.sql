-- The running processes. Each one updates its row every 15 s and counts as gone after 60 s.
create table processes (
    id         uuid primary key,
    host       text not null,
    pid        integer not null,
    version    text not null,
    started_at timestamptz not null,
    seen_at    timestamptz not null
);

-- The version of each group of tables. A breaking change raises it; a binary that knows only a lower
-- version stops claiming rows and reports that it is outdated.
create table modules (
    name    text primary key,
    version integer not null
);
insert into modules (name, version) values ('inbox', 1), ('outbox', 1), ('incidents', 1);
