-- Keeps the queues fast when they contain many rows.

-- Parked rows are counted at each scrape and listed by operators.
create index inbox_parked on inbox (seq) where state = 'parked';

-- By default autovacuum starts when a fifth of a table's rows are dead. These tables keep a month of rows, so that would
-- be late, and claims would read many dead rows.
alter table inbox set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.02);
alter table outbox set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.02);
