-- An attempt whose log has come in and whose report has not; a finding that was healed, and one without a job. A failure of
-- a pull request that is inspected.
insert into ci_inspections (id, repository, workflow_id, branch, is_pull, run_id, attempt, state, begun_at, ended_at)
values ('c2900000-0000-5000-8000-000000000001', 'acme/api', 16340987, 'fix-the-basket', true, 1589141700, 1,
        '{"id": "c2900000-0000-5000-8000-000000000001", "pending": [{"reports": 5}]}', '2026-03-01 11:05:00+00', null);
insert into ci_findings (id, failure, repository, workflow_id, branch, is_pull, workflow, on_default_branch, run_id, number,
                         attempt, sha, job, class, signature, infrastructure, finding, state, found_at)
values ('c2900000-0000-5000-8000-000000000002', 'c1000000-0000-5000-8000-000000000001', 'acme/api', 16340987, 'main', false,
        'CI', true, 1589141559, 36, 1, '5779607b49aab1200488439f02372c57b4f75444',
        '{"id": 4307653, "name": "test", "url": "https://github.com/acme/api/actions/runs/1589141559/job/4307653"}',
        'network', '0123456789abcdef0123456789abcdef', true,
        '{"class": "network", "confidence": "high", "evidence": "Connection reset by peer", "step": "Check out",
          "signature": "0123456789abcdef0123456789abcdef", "rerun": "may_help", "failed_tests": []}',
        'healed', '2026-03-01 10:10:30+00'),
       ('c2900000-0000-5000-8000-000000000003', null, 'acme/api', 16340999, 'main', false, 'Nightly', true, 1589141600, 12, 1,
        '5779607b49aab1200488439f02372c57b4f75444', null, 'timeout', 'fedcba9876543210fedcba9876543210', true,
        '{"class": "timeout", "confidence": "high", "evidence": "", "step": null,
          "signature": "fedcba9876543210fedcba9876543210", "rerun": "once", "failed_tests": []}',
        'told', '2026-03-01 08:00:30+00');
insert into ci_failures (id, repository, workflow_id, branch, workflow, since, count, last_number, last_attempt, last_conclusion,
                         last_sha, last_actor, last_url, messages, news_at, is_pull, on_default_branch, last_run_id, progress)
values ('c2900000-0000-5000-8000-000000000004', 'acme/api', 16340987, 'main', 'CI', '2026-03-01 11:05:00+00', 1, 37, 1,
        'failure', 'a3c1', 'octocat', 'https://github.com/acme/api/actions/runs/1589141700', '{"C024CI": null}',
        '2026-03-01 11:05:00+00', true, false, 1589141700, '{"place": {"number": 37, "attempt": 1}, "stage": null}');
