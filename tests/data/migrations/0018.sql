-- What waits is claimed by its provider from now on.
update outbox set run_at = '2026-03-01 12:00:00+00' where ended_at is null;
