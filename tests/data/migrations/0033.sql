-- A re-run that healed its run, one that a guard prevented, and the file of a repository.
insert into ci_repairs (id, inspection, failure, repository, run_id, number, attempt, playbook, ordinal, tries, action,
                        is_rerun, signatures, detail, state, actor, reason, decided_at, due_at, ended_at)
values ('c3000000-0000-5000-8000-000000000001', 'c2900000-0000-5000-8000-000000000001',
        'c1000000-0000-5000-8000-000000000001', 'acme/api', 1589141559, 36, 1, 'infrastructure', 0, 0,
        'rerun_failed_jobs', true, array ['0123456789abcdef0123456789abcdef'], '{}', 'succeeded', 'wardroom', null,
        '2026-03-01 10:10:31+00', '2026-03-01 10:11:31+00', '2026-03-01 10:27:00+00'),
       ('c3000000-0000-5000-8000-000000000002', 'c2900000-0000-5000-8000-000000000001', null, 'acme/api', 1589141600, 12, 1,
        'none', -1, 0, 'rerun_failed_jobs', true, '{}', '{}', 'refused', 'wardroom', 'run #13 is newer',
        '2026-03-01 08:00:31+00', '2026-03-01 08:00:31+00', '2026-03-01 08:00:31+00');
insert into ci_own_rules (repository, rules, read_at)
values ('acme/api', '{"off": false, "dry_run": true}', '2026-03-01 08:00:31+00');
