-- A resolved incident and an open one.
update counters set value = 2 where name = 'incident';
insert into incidents (id, number, title, severity, status, service, commander, comms, channel_id, channel_name,
                       channel_try, card_ts, declared_by, declared_at, acknowledged_at, resolved_at, resolved_by,
                       last_update, last_update_at, kind, private, source, origin_room)
values ('03900000-0000-7000-8000-000000000001', 1, 'Checkout returns 500s', 'P1', 'resolved', 'api', 'U024BE7LH', null,
        'C024INC1', 'inc-20260301-api', 1, '1772355602.000100', 'U024BE7LH', '2026-03-01 09:00:00+00',
        '2026-03-01 09:02:00+00', '2026-03-01 09:40:00+00', 'U024BE7LH', 'Rolled back', '2026-03-01 09:30:00+00',
        'real', false, 'slack', 'C024GENERAL');
insert into incidents (id, number, title, severity, status, service, channel_name, channel_try, declared_by,
                       declared_at, kind, private, source, origin_view)
values ('03900000-0000-7000-8000-000000000002', 2, 'Ω: Zahlungen & <Belege> fehlen', 'P3', 'declared', 'zahlung',
        'inc-20260302-zahlung', 1, 'U024ADMIN', '2026-03-02 10:00:00+00', 'drill', true, 'api', 'V024VIEW');
