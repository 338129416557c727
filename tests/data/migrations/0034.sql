-- A signature that is ignored for a day.
insert into ci_ignored (repository, signature, until_at, person, failure, class, job)
values ('acme/api', '0123456789abcdef0123456789abcdef', '2026-03-02 11:05:00+00', 'U0ADA',
        'c2900000-0000-5000-8000-000000000004', 'network', 'test');
