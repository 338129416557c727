-- Lists for people, newest first, of one state or of all: the list of parked rows walked through everything that was
-- done since (140 ms among a million rows). In place of two indexes on the inbox and of one on the outbox, so that a row
-- costs no more to write. A process of the previous version sorts for its lists as long as it runs beside.
--
-- The exchange waits for who reads the table, and all others for the exchange: not for long. The drop comes first: it
-- takes the strongest lock of each table at once, in order, and no lock is upgraded under running transactions.
set local lock_timeout = '2s';
drop index inbox_seq, inbox_parked, outbox_seq;
create index inbox_state on inbox (state, seq);
create index outbox_state on outbox (state, seq);
