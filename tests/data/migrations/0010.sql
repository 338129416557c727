-- A waiting effect with a coalesce key, which the index of this migration finds.
insert into outbox (id, signal, lane, provider, kind, effect, priority, coalesce_key, run_at, created_at)
values ('02900000-0000-5000-8000-000000000004', '01900000-0000-7000-8000-000000000001',
        'statuspage:kx2def', 'statuspage', 'show_component', '{"kind": "show_component", "component": "kx2def"}', 1,
        'component:kx2def', '2026-03-01 09:30:00+00', '2026-03-01 09:00:01+00');
