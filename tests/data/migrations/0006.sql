insert into timers (incident, name, due, generation, pending)
values ('03900000-0000-7000-8000-000000000001', 'room_overdue', '2026-03-01 09:01:00+00', 1, false),
       ('03900000-0000-7000-8000-000000000002', 'room_overdue', '2026-03-02 10:01:00+00', 2, true);
