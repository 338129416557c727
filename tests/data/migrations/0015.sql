-- A process that records what it reads, and an effect of a later version that waits for a process that reads it.
insert into processes (id, host, pid, version, started_at, seen_at, reads, carries)
values ('0c900000-0000-7000-8000-000000000015', 'wardroom-15', 7, '0.1.0', '2026-03-01 09:00:00+00',
        '2026-03-01 09:00:15+00', '{github/push,slack/command}', '{post_message}');
insert into outbox (id, signal, lane, provider, kind, effect, priority, run_at, created_at, unreadable_since)
values ('02900000-0000-5000-8000-000000000015', '01900000-0000-7000-8000-000000000001',
        'slack:one:15', 'slack', 'brew_coffee', '{"kind": "brew_coffee"}', 1,
        '2026-03-01 09:30:00+00', '2026-03-01 09:00:01+00', '2026-03-01 09:40:00+00');
