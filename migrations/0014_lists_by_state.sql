-- Lists in the CLI and the API, newest first, of one state or of all states. Before, the list of parked rows read all
-- rows that ended later (140 ms with a million rows). The new indexes replace two of the inbox and one of the outbox, so
-- writing a row costs no more. A process of the previous version sorts for its lists while it still runs.
--
-- The exchange waits for running statements on the tables, and later statements wait for the exchange; the timeout limits
-- this. The drop comes first: it takes the strongest lock of each table at once, in order, so no lock is upgraded while
-- other transactions run.
set local lock_timeout = '2s';
drop index inbox_seq, inbox_parked, outbox_seq;
create index inbox_state on inbox (state, seq);
create index outbox_state on outbox (state, seq);
