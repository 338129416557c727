-- A run that failed, was told of, and succeeded at its second attempt; and one of a workflow that fails still.
insert into ci_runs (repository, run_id, attempt, number, workflow_id, workflow, trigger, branch, sha, status, conclusion, actor,
                     url, started_at, updated_at)
values ('acme/api', 1589141559, 2, 36, 16340987, 'CI', 'push', 'main', '5779607b49aab1200488439f02372c57b4f75444', 'completed',
        'success', 'octocat', 'https://github.com/acme/api/actions/runs/1589141559', '2026-03-01 10:20:00+00',
        '2026-03-01 10:27:00+00'),
       ('acme/api', 1589141600, 1, 12, 16340999, 'Nightly', 'schedule', 'main', '5779607b49aab1200488439f02372c57b4f75444',
        'completed', 'timed_out', null, 'https://github.com/acme/api/actions/runs/1589141600', '2026-03-01 02:00:00+00',
        '2026-03-01 08:00:00+00'),
       ('acme/api', 1589141700, 1, 37, 16340987, 'CI', 'pull_request', 'fix-the-basket', 'a3c1', 'in_progress', null, 'octocat',
        'https://github.com/acme/api/actions/runs/1589141700', '2026-03-01 11:00:00+00', '2026-03-01 11:00:05+00');
insert into ci_failures (id, repository, workflow_id, branch, workflow, since, count, last_number, last_attempt, last_conclusion,
                         last_sha, last_actor, last_url, green_at, green_number, green_url, messages, news_at)
values ('c1000000-0000-5000-8000-000000000001', 'acme/api', 16340987, 'main', 'CI', '2026-03-01 10:10:00+00', 1, 36, 1,
        'failure', '5779607b49aab1200488439f02372c57b4f75444', 'octocat',
        'https://github.com/acme/api/actions/runs/1589141559', '2026-03-01 10:27:00+00', 36,
        'https://github.com/acme/api/actions/runs/1589141559', '{"C024CI": "1772359800.000100"}',
        '2026-03-01 10:27:00+00'),
       ('c1000000-0000-5000-8000-000000000002', 'acme/api', 16340999, 'main', 'Nightly', '2026-03-01 08:00:00+00', 1, 12, 1,
        'timed_out', '5779607b49aab1200488439f02372c57b4f75444', null,
        'https://github.com/acme/api/actions/runs/1589141600', null, null, null, '{"C024CI": null}',
        '2026-03-01 08:00:00+00');
