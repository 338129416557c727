-- The pull requests that have the label `wardroom:off`, or had it, as their newest webhook says. `head` is the repository and the
-- branch that it comes from: runs of a fork name no number. Deleted 90 days after the last webhook.
create table ci_pulls (
    repository  text not null,
    number      bigint not null,
    head        text not null,
    is_off      boolean not null,
    updated_at  timestamptz not null,
    received_at timestamptz not null,
    primary key (repository, number)
);
create index ci_pulls_received on ci_pulls (received_at);

-- A file that was never read, because of `problem`, is told from one that is wrong.
set local lock_timeout = '2s';
alter table ci_own_rules add column unread boolean not null default false;
