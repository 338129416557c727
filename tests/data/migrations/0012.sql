-- An incident of the same day, whose channel name has the other's name as prefix.
update counters set value = 3 where name = 'incident';
insert into incidents (id, number, title, severity, status, service, channel_name, channel_try, declared_by,
                       declared_at, kind, private, source, origin_view)
values ('03900000-0000-7000-8000-000000000003', 3, 'Checkout is slow', 'P3', 'declared', 'api',
        'inc-20260301-api-2', 2, 'U024BE7LH', '2026-03-01 11:00:00+00', 'real', false, 'slack', 'V024VIEW2');
