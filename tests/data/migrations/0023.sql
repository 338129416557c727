-- A timer of an area that is no incident's.
insert into area_timers (area, owner, name, due) values ('ci', 'acme/web#7', 'stale', '2026-03-01 13:00:00+00');
