-- When a row was due for the first time, where that is not its arrival: an effect that was not to go before then, and
-- what was replayed or retried by hand. And when an effect was claimed, so that nobody concludes it from its lease.
set local lock_timeout = '2s';
alter table inbox add column due_since timestamptz;
alter table outbox add column due_since timestamptz, add column claimed_at timestamptz;
