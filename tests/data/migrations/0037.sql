-- A pull request with the label, one that had it, and a repository whose file could not be read.
insert into ci_pulls (repository, number, head, is_off, updated_at, received_at)
values ('acme/web', 12, 'acme/web:fix', true, '2026-03-01 13:05:00+00', '2026-03-01 13:05:01+00'),
       ('acme/web', 13, 'mona/web:fix', false, '2026-03-01 13:06:00+00', '2026-03-01 13:06:01+00');
insert into ci_own_rules (repository, problem, unread, read_at)
values ('acme/web', 'server_error', true, '2026-03-01 13:06:00+00');
