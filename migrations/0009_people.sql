-- The names of people, as Slack last sent them, for files that are read outside Slack. Slack is not
-- queried for names; a person without a row is shown by their id.
create table people (
    id      text primary key,
    name    text not null,
    seen_at timestamptz not null
);
