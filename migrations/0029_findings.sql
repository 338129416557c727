-- What is read of an attempt of a run that failed, until all of it is in (`domain/ci/inspection.rs`). The line is that
-- of the run and never changes; `state` is the whole inspection, without what was read once it has ended. Deleted 90
-- days after its begin.
create table ci_inspections (
    id          uuid primary key,
    repository  text not null,
    workflow_id bigint not null,
    branch      text not null,
    is_pull     boolean not null,
    run_id      bigint not null,
    attempt     integer not null,
    state       jsonb not null,
    begun_at    timestamptz not null,
    ended_at    timestamptz
);
create index ci_inspections_begun on ci_inspections (begun_at);

-- Why the jobs of attempts failed: a row for each failed job, or one without a job for the attempt. Deleted 90 days after
-- it was found. `finding` is the whole finding; class, signature and infrastructure are parts of it.
create table ci_findings (
    id                uuid primary key,
    failure           uuid,
    repository        text not null,
    workflow_id       bigint not null,
    branch            text not null,
    is_pull           boolean not null,
    workflow          text not null,
    on_default_branch boolean not null,
    run_id            bigint not null,
    number            bigint not null,
    attempt           integer not null,
    sha               text not null,
    job               jsonb,
    class             text not null,
    signature         text not null,
    infrastructure    boolean not null,
    finding           jsonb not null,
    state             text not null check (state in ('detected', 'repairing', 'healed', 'given_up', 'told')),
    found_at          timestamptz not null
);
create index ci_findings_found on ci_findings (found_at, id);
create index ci_findings_signature on ci_findings (repository, signature, found_at);
create index ci_findings_line on ci_findings (repository, workflow_id, branch, found_at);
create index ci_findings_run on ci_findings (repository, run_id, attempt);
create index ci_findings_failure on ci_findings (failure, number, attempt) where failure is not null;
-- In how many repositories the infrastructure failed in the last minutes.
create index ci_findings_outage on ci_findings (found_at, repository) where infrastructure;

-- A failure is now opened on every branch, and for pull requests on a line of their own. Those of the default branch stay
-- while they are open; others are deleted with their age, because a branch that is deleted is never green again.
-- `progress` is what is known and done about the last run that failed.
set local lock_timeout = '2s';
alter table ci_failures
    add column is_pull boolean not null default false,
    add column on_default_branch boolean not null default true,
    add column last_run_id bigint,
    add column progress jsonb,
    add column is_healed boolean not null default false;
drop index ci_failures_open;
create unique index ci_failures_open on ci_failures (repository, workflow_id, branch, is_pull) where green_at is null;
-- The newest run of a line of pull requests that succeeded.
create index ci_runs_green_pull on ci_runs (repository, workflow_id, branch, number, attempt)
    where conclusion = 'success' and trigger = 'pull_request';
