-- What people are called, as Slack last said: a file that leaves Slack names them by it. Nothing is
-- asked of Slack for it; a person whom it never named is shown by their id.
create table people (
    id      text primary key,
    name    text not null,
    seen_at timestamptz not null
);
