-- Webhooks that GitHub could not deliver and that were asked for: deleted when they came, or 7 days after they were asked for
-- last. `ci_listing` has one row: how far the failed deliveries were read.
create table ci_deliveries (
    guid      text primary key,
    failed_at timestamptz not null,
    attempts  integer not null,
    asked_at  timestamptz not null,
    given_up  boolean not null
);
create index ci_deliveries_asked on ci_deliveries (asked_at);
create index ci_deliveries_missing on ci_deliveries (failed_at) where not given_up;
create table ci_listing (
    single        boolean primary key default true check (single),
    pending_since timestamptz,
    read_to       timestamptz
);

-- When a run of which nothing was heard was read from GitHub last.
--
-- The exchange waits for running statements on the table, and later statements wait for it; the timeout limits this.
set local lock_timeout = '2s';
alter table ci_runs add column read_at timestamptz;
create index ci_runs_open on ci_runs (received_at) where status <> 'completed';
