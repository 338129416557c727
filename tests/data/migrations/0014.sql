-- A row that has ended, newer than the others, for the lists by state.
insert into inbox (id, source, kind, dedup_key, subject, received_at, run_at, state, ended_at)
values ('01400000-0000-7000-8000-000000000001', 'github', 'push', 'listed-done', 'listed', '2026-03-01 13:00:00+00',
        '2026-03-01 13:00:00+00', 'done', '2026-03-01 13:00:01+00');
