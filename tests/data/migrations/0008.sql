-- A parked signal, which the index of this migration is for.
insert into inbox (id, source, kind, dedup_key, subject, received_at, run_at, state, attempts, error, ended_at)
values ('01930000-0000-7000-8000-000000000901', 'github', 'push', 'delivery-parked', 'acme/api',
        '2026-11-20 10:00+00', '2026-11-20 10:00+00', 'parked', 6, 'unreadable', '2026-11-20 10:01+00');
