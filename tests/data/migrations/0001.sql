-- A command that was decided, a webhook that waits, and a receipt that could not be read.
insert into inbox (id, source, kind, dedup_key, subject, headers, body, traceparent, received_at, state, run_at, outcome, ended_at)
values ('01900000-0000-7000-8000-000000000001', 'slack', 'command', 'command:1.2.3', 'slack:C024GENERAL', '{}',
        convert_to('command=%2Fincident&text=declare+P1+api+Checkout+returns+500s', 'UTF8'),
        '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        '2026-03-01 09:00:00+00', 'done', '2026-03-01 09:00:00+00', 'done', '2026-03-01 09:00:01+00');
insert into inbox (id, source, kind, dedup_key, subject, headers, body, sealed, received_at, run_at)
values ('01900000-0000-7000-8000-000000000002', 'github', 'workflow_run', '72d3162e-cc78-11e3-81ab-4c9367dc0958',
        'github:acme/api', '{"content_type": "application/json"}', '\x007b7d00', true,
        '2026-03-01 09:05:00+00', '2026-03-01 09:05:00+00');
insert into inbox (id, source, kind, dedup_key, subject, body, received_at, state, blocked, attempts, run_at, error, ended_at)
values ('01900000-0000-7000-8000-000000000003', 'receipt', 'post_message', 'effect:0', 'slack:C024GENERAL', null,
        '2026-03-01 09:06:00+00', 'parked', false, 5, '2026-03-01 09:06:30+00', 'unreadable', '2026-03-01 09:07:00+00');
