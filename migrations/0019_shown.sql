-- The state of a component that a delivered effect showed, so that an equal one is not sent again.
--
-- Creating the index waits for running statements on the table, and later statements wait for it; the timeout limits this.
set local lock_timeout = '2s';
alter table outbox add column shown text;
create index outbox_components on outbox (lane, seq) where kind = 'show_component';
