insert into people (id, name, seen_at) values ('U024BE7LH', 'bea', '2026-03-01 09:00:00+00');
