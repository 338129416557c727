-- Effects are claimed for one provider at a time. This index prevents a claim from reading the backlog of the other
-- providers.
--
-- The exchange of the indexes waits for running statements on the table, and later statements wait for the exchange; the
-- timeout limits this. The drop comes first: it takes the strongest lock at once, so no lock is upgraded while other
-- transactions run.
set local lock_timeout = '2s';
drop index outbox_due;
create index outbox_due_by_provider on outbox (provider, priority, run_at, seq)
    where ended_at is null and not blocked;
