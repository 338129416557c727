-- Slack has not answered for a while, and a message waits for it.
insert into pauses (scope, until, reason, down_since)
values ('slack', '2026-03-01 12:01:00+00', 'http_503', '2026-03-01 11:45:00+00');
update outbox set failed_at = '2026-03-01 11:45:00+00' where ended_at is null;
