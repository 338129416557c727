-- A channel that may have been created, and a list that is read half.
insert into outbox (id, signal, incident, lane, provider, kind, effect, area, purpose, origin, priority, state,
                    uncertain_since, run_at, created_at, claimed_at, first_attempt_at, error, looked_to)
values ('02900000-0000-5000-8000-000000000022', '01900000-0000-7000-8000-000000000001',
        '03900000-0000-7000-8000-000000000001', 'slack:create:22', 'slack', 'create_channel',
        '{"slack": {"kind": "create_channel", "name": "inc-20260301-db", "private": false, "team": null}}',
        'incident', 'channel',
        '{"incident": {"kind": "channel", "incident": "03900000-0000-7000-8000-000000000001", "answer_to": null}}', 1,
        'uncertain', '2026-03-01 12:00:10+00', '2026-03-01 12:01:00+00', '2026-03-01 12:00:00+00',
        '2026-03-01 12:00:20+00', '2026-03-01 12:00:00+00', 'ratelimited', 'all:21:dGVhbTpDMDYxRkE1UEI=');
