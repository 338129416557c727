-- A channel that was notified, and a person whose message was throttled.
insert into notifications (effect, incident, channel, target, occasion, status, error, at)
values ('02900000-0000-5000-8000-000000000001', '03900000-0000-7000-8000-000000000001', 'room', 'C024GENERAL',
        'declared', 'sent', null, '2026-03-01 09:00:01+00'),
       ('02900000-0000-5000-8000-000000000009', '03900000-0000-7000-8000-000000000001', 'person', 'U024BE7LH',
        'escalated', 'throttled', null, '2026-03-01 09:03:00+00');
