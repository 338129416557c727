-- A component that shows its last state.
insert into outbox (id, signal, lane, provider, kind, effect, priority, coalesce_key, state, ended_at, attempts, shown,
                    run_at, created_at)
values ('02900000-0000-5000-8000-000000000019', '01900000-0000-7000-8000-000000000001',
        'statuspage:kx3ghi', 'statuspage', 'show_component', '{"kind": "show_component", "component": "kx3ghi"}', 1,
        'component:kx3ghi', 'done', '2026-03-01 12:00:02+00', 1, 'major_outage', '2026-03-01 12:00:01+00',
        '2026-03-01 12:00:01+00');
