-- What waits is looked for by what it shows. While a queue is empty every index of it costs the planner the same, and
-- what is prepared then is kept: this one fitted any statement about unfinished rows, and was read from end to end for
-- one that asks for a lane. Now it fits only those that it is for. What is parked is asked for by its lane, when a room
-- that refused it can be written in again.
--
-- The exchange waits for whoever reads the table, and everybody else for the exchange: not for long.
set local lock_timeout = '2s';
drop index outbox_coalesce, outbox_parked;
create index outbox_coalesce on outbox (coalesce_key, seq) where state = 'open' and coalesce_key is not null;
create index outbox_parked on outbox (lane, seq) where state = 'parked';
