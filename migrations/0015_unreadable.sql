-- Old and new versions run side by side. A row that this process cannot read waits for one that can: since when that is
-- so, and what each running process reads, by source and kind of a signal and by kind of an effect (null: a version
-- that does not say).
set local lock_timeout = '2s';
alter table inbox add column unreadable_since timestamptz;
alter table outbox add column unreadable_since timestamptz;
alter table processes add column reads text[], add column carries text[];
