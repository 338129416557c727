-- What keeps the queues quick when there is much in them.

-- The parked ones are counted at each scrape and listed at three in the morning.
create index inbox_parked on inbox (seq) where state = 'parked';

-- Their rows die young. By default the clean-up begins when a fifth of a table is dead, which in a table that
-- remembers a month comes late: claims would read through the dead.
alter table inbox set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.02);
alter table outbox set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.02);
