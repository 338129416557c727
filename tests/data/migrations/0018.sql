-- Waiting effects, which are now claimed by provider.
update outbox set run_at = '2026-03-01 12:00:00+00' where ended_at is null;
