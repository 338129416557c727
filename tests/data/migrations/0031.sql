-- A webhook that was asked for twice, and one that was given up; a run that was read because nothing was heard of it.
insert into ci_deliveries (guid, failed_at, attempts, asked_at, given_up)
values ('0d6f2a60-1b0e-11f1-8f0b-7f1a2f4c9d10', '2026-03-01 10:00:00+00', 2, '2026-03-01 10:06:00+00', false),
       ('1c7e3b70-1b0e-11f1-9a4d-1b2c3d4e5f60', '2026-02-27 10:00:00+00', 5, '2026-02-27 16:00:00+00', true);
insert into ci_listing (pending_since, read_to) values (null, '2026-03-01 10:05:00+00');
update ci_runs set read_at = '2026-03-01 17:00:00+00' where run_id = 1589141700;
