-- The comment in a pull request in which CI failed. `change` is `#7`, or a fork and its branch, whose number is found later.
-- Deleted 90 days after its last change.
create table ci_comments (
    repository text not null,
    change     text not null,
    pull       bigint,
    comment    bigint,
    shown      jsonb not null,
    changed_at timestamptz not null,
    primary key (repository, change)
);
create index ci_comments_changed on ci_comments (changed_at);
