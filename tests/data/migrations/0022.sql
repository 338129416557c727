-- A channel that may have been created, and a list that is read half.
insert into outbox (id, signal, lane, provider, kind, effect, priority, state, uncertain_since, run_at, created_at,
                    claimed_at, first_attempt_at, error, looked_to)
values ('02900000-0000-5000-8000-000000000022', '01900000-0000-7000-8000-000000000001',
        'slack:create:22', 'slack', 'create_channel', '{"kind": "create_channel", "name": "inc-20260301-db"}', 1,
        'uncertain', '2026-03-01 12:00:10+00', '2026-03-01 12:01:00+00', '2026-03-01 12:00:00+00',
        '2026-03-01 12:00:20+00', '2026-03-01 12:00:00+00', 'ratelimited', 'all:21:dGVhbTpDMDYxRkE1UEI=');
