-- Retention goes by this installation's time: `received_at` is when the delivery that last changed a run was received. A
-- process of the previous version does not write it and sorts for its own retention. `news_at` of a failure is now written
-- in the same way.
--
-- Timers that are over are deleted. The number of rows that are stuck for one cause is read by an index, without the
-- rows of other kinds. No statement uses `outbox_messages` or `outbox_components` since 0021.
--
-- The exchange waits for running statements on the tables, and later statements wait for it; the timeout limits this. The
-- outbox comes last, as in every transaction of the engine; of each table, the drop comes first, because it takes the
-- strongest lock.
set local lock_timeout = '2s';
drop index ci_runs_updated;
alter table ci_runs add column received_at timestamptz not null default now();
create index ci_runs_received on ci_runs (received_at);
create index area_timers_over on area_timers (due) where not pending;
-- `not in`, because the planner prefers inbox_state for `state = 'parked'`.
create index inbox_stuck on inbox ((source || '/' || kind)) where state not in ('open', 'done');
drop index outbox_messages, outbox_components;
create index outbox_stuck on outbox (kind, state) where state in ('parked', 'uncertain') and ended_at is not null;
