-- Runs of workflows on GitHub, each with its newest attempt: deleted 90 days after the last news, which is how
-- long GitHub keeps logs by default. A run only moves forward (`domain/ci/model.rs`).
create table ci_runs (
    repository  text not null,
    run_id      bigint not null,
    attempt     integer not null,
    number      bigint not null,
    workflow_id bigint not null,
    workflow    text not null,
    trigger     text not null,
    branch      text not null,
    sha         text not null,
    status      text not null check (status in ('queued', 'in_progress', 'completed')),
    conclusion  text,
    actor       text,
    url         text not null,
    started_at  timestamptz not null,
    updated_at  timestamptz not null,
    primary key (repository, run_id),
    check ((status = 'completed') = (conclusion is not null))
);
create index ci_runs_updated on ci_runs (updated_at);
-- The newest run of a line that succeeded, of those that are about the branch itself and not about a pull request.
create index ci_runs_green on ci_runs (repository, workflow_id, branch, number, attempt)
    where conclusion = 'success' and trigger in ('push', 'schedule', 'workflow_dispatch');

-- The failures that are posted: a workflow that fails on a branch, until a newer run succeeds (`green_at`). Deleted 90 days
-- after the last news. `messages` has each channel that is told, with the ts of its message or null.
create table ci_failures (
    id             uuid primary key,
    repository     text not null,
    workflow_id    bigint not null,
    branch         text not null,
    workflow       text not null,
    since          timestamptz not null,
    count          integer not null,
    last_number    bigint not null,
    last_attempt   integer not null,
    last_conclusion text not null,
    last_sha       text not null,
    last_actor     text,
    last_url       text not null,
    green_at       timestamptz,
    green_number   bigint,
    green_url      text,
    messages       jsonb not null,
    news_at        timestamptz not null,
    check ((green_at is null) = (green_number is null) and (green_at is null) = (green_url is null))
);
create unique index ci_failures_open on ci_failures (repository, workflow_id, branch) where green_at is null;
create index ci_failures_news on ci_failures (news_at);
