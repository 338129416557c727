-- Effects are claimed for one provider at a time, so that the backlog of one is not read through for another.
--
-- The exchange waits for whoever reads the table, and everybody else for the exchange: not for long. The drop comes
-- first: it takes the strongest lock at once, and no lock is upgraded under running transactions.
set local lock_timeout = '2s';
drop index outbox_due;
create index outbox_due_by_provider on outbox (provider, priority, run_at, seq)
    where ended_at is null and not blocked;
