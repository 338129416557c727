-- Old and new versions run side by side. A row that one process cannot read waits for a process that can. These columns
-- record since when the row has waited, and what each running process reads: sources and kinds of signals, and kinds of
-- effects (null: a version that does not record this).
set local lock_timeout = '2s';
alter table inbox add column unreadable_since timestamptz;
alter table outbox add column unreadable_since timestamptz;
alter table processes add column reads text[], add column carries text[];
