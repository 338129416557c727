insert into processes (id, host, pid, version, started_at, seen_at)
values ('07900000-0000-7000-8000-000000000001', 'wardroom-0', 1, '0.1.0', '2026-03-01 08:00:00+00',
        '2026-03-01 09:00:00+00');
