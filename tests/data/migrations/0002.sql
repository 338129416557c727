-- A message that was posted, one whose result is unknown, and an effect that was parked.
insert into outbox (id, signal, incident, lane, provider, kind, effect, priority, state, ended_at, attempts, run_at,
                    first_attempt_at, answer, created_at)
values ('02900000-0000-5000-8000-000000000001', '01900000-0000-7000-8000-000000000001',
        '03900000-0000-7000-8000-000000000001', 'slack:C024GENERAL', 'slack', 'post_message',
        '{"kind": "post_message", "room": "C024GENERAL"}', 1, 'done', '2026-03-01 09:00:02+00', 1, '2026-03-01 09:00:01+00',
        '2026-03-01 09:00:01+00', '{"kind": "message"}', '2026-03-01 09:00:01+00');
insert into outbox (id, signal, lane, provider, kind, effect, priority, state, blocked, attempts, looks, run_at,
                    first_attempt_at, lease_until, lease_token, error, created_at)
values ('02900000-0000-5000-8000-000000000002', '01900000-0000-7000-8000-000000000001',
        'slack:C024GENERAL', 'slack', 'post_message', '{"kind": "post_message", "room": "C024GENERAL"}', 1, 'uncertain',
        false, 1, 1, '2026-03-01 09:00:05+00', '2026-03-01 09:00:02+00', '2026-03-01 09:00:17+00',
        '02900000-0000-4000-8000-00000000000f', 'timeout', '2026-03-01 09:00:01+00');
insert into outbox (id, signal, lane, provider, kind, effect, priority, coalesce_key, state, ended_at, attempts, generation,
                    run_at, error, created_at)
values ('02900000-0000-5000-8000-000000000003', '01900000-0000-7000-8000-000000000001',
        'statuspage:kx1abc', 'statuspage', 'show_component', '{"kind": "show_component", "component": "kx1abc"}', 1,
        'component:kx1abc', 'parked', '2026-03-01 09:20:00+00', 12, 1, '2026-03-01 09:15:00+00', 'connect',
        '2026-03-01 09:00:01+00');
insert into pauses (scope, until, reason)
values ('slack:chat.postMessage:C024GENERAL', '2026-03-01 09:01:00+00', 'ratelimited');
