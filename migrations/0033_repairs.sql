-- The steps of repairs, each written before anything is asked of GitHub: `id` is derived from the attempt, the playbook,
-- the step and the try. What is not done, and why, is a row too (`ordinal` -1). Deleted 90 days after they were decided.
create table ci_repairs (
    id          uuid primary key,
    inspection  uuid not null,
    failure     uuid,
    repository  text not null,
    owner       text not null generated always as (split_part(repository, '/', 1)) stored,
    run_id      bigint not null,
    number      bigint not null,
    attempt     integer not null,
    playbook    text not null,
    ordinal     integer not null,
    tries       integer not null,
    action      text not null,
    is_rerun    boolean not null,
    signatures  text[] not null,
    detail      jsonb not null,
    state       text not null check (state in ('planned', 'waiting_approval', 'asked', 'succeeded', 'failed', 'refused',
                                               'skipped', 'would_have')),
    actor       text not null,
    reason      text,
    decided_at  timestamptz not null,
    due_at      timestamptz not null,
    ended_at    timestamptz,
    unique (inspection, playbook, ordinal, tries)
);
create index ci_repairs_run on ci_repairs (repository, run_id);
create index ci_repairs_decided on ci_repairs (decided_at, id);
-- The re-runs within the last hour.
create index ci_repairs_budget on ci_repairs (owner, decided_at)
    where is_rerun and state not in ('refused', 'skipped');

-- What repositories say of themselves, as it was read last: the content of their file, or why it could not be used.
create table ci_own_rules (
    repository text primary key,
    rules      jsonb,
    problem    text,
    read_at    timestamptz not null,
    check ((rules is null) <> (problem is null))
);
create index ci_own_rules_read on ci_own_rules (read_at);
