insert into ci_digests (until_at) values ('2026-03-02 08:00:00+00');
