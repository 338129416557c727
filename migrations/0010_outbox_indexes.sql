-- outbox_coalesce is for finding a waiting effect by its coalesce key. For an empty queue every index has the same cost,
-- and a plan that is made then is kept: the old index matched every statement about unfinished rows, so statements about
-- a lane read it from end to end. The new one matches only the statements that it is for. outbox_parked finds the parked
-- effects of a lane when its channel accepts messages again.
--
-- The exchange of the indexes waits for running statements on the table, and later statements wait for the exchange. The
-- timeout limits this.
set local lock_timeout = '2s';
drop index outbox_coalesce, outbox_parked;
create index outbox_coalesce on outbox (coalesce_key, seq) where state = 'open' and coalesce_key is not null;
create index outbox_parked on outbox (lane, seq) where state = 'parked';
