-- The record of tests and jobs that fail: `subject` is `test:` and its identity, or `job:` and a signature. `workflow_id` is
-- the workflow in which it failed last, whose green runs are passes. A row is deleted when there is nothing to remember, and
-- after `keep_until` when it is not observed any more.
create table ci_records (
    repository  text not null,
    subject     text not null,
    workflow_id bigint not null,
    standing    text not null,
    record      jsonb not null,
    last        jsonb not null,
    failed_at   timestamptz not null,
    seen_at     timestamptz not null,
    keep_until  timestamptz not null,
    primary key (repository, subject)
);
create index ci_records_workflow on ci_records (repository, workflow_id, failed_at);
create index ci_records_kept on ci_records (keep_until);

-- The issues that Wardroom opened on GitHub: of one subject, or of several that became flaky at once. A closed one is deleted
-- 180 days after its last change, and the next failure then opens another one.
create table ci_issues (
    id          uuid primary key,
    repository  text not null,
    subjects    text[] not null,
    labels      text[] not null,
    number      bigint,
    url         text not null,
    state       text not null,
    about       jsonb not null,
    opened_at   timestamptz not null,
    quiet_since timestamptz not null,
    changed_at  timestamptz not null
);
create index ci_issues_repository on ci_issues (repository, changed_at);
create index ci_issues_subjects on ci_issues using gin (subjects);
create unique index ci_issues_number on ci_issues (repository, number);
create index ci_issues_over on ci_issues (changed_at) where state <> 'open';
