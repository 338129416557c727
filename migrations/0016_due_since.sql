-- When a row was first due, where that is not its creation: an effect that is delivered later, or a row that an operator
-- replayed or retried. And when an effect was claimed, which therefore need not be derived from its lease.
set local lock_timeout = '2s';
alter table inbox add column due_since timestamptz;
alter table outbox add column due_since timestamptz, add column claimed_at timestamptz;
