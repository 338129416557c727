-- An effect that an operator retried and that is being delivered.
insert into outbox (id, signal, lane, provider, kind, effect, priority, run_at, created_at, due_since, claimed_at,
                    lease_until, lease_token)
values ('02900000-0000-5000-8000-000000000016', '01900000-0000-7000-8000-000000000001',
        'slack:one:16', 'slack', 'pin', '{"kind": "pin", "room": "C024BE91L", "ts": "1772355600.000100"}', 1,
        '2026-03-01 10:00:00+00', '2026-03-01 09:00:01+00', '2026-03-01 10:00:00+00', '2026-03-01 10:00:05+00',
        '2026-03-01 10:00:20+00', '0d900000-0000-4000-8000-000000000016');
