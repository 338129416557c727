-- A flaky test with its issue, and a job that failed once.
insert into ci_records (repository, subject, workflow_id, standing, record, last, failed_at, seen_at, keep_until)
values ('acme/web', 'test:cart::test_total', 16341001, 'flaky',
        '{"marks": [{"change": "#12", "at": "2026-03-01T13:05:00Z", "is_flaky": true, "tree": null, "passed_before": false}],
          "flaky_since": "2026-03-01T13:05:00Z"}',
        '{"workflow": 16341001, "workflow_name": "CI", "number": 6, "at": "2026-03-01T13:05:00Z", "verdicts": 20}',
        '2026-03-01 13:05:00+00', '2026-03-01 14:05:00+00', '2026-06-13 13:05:00+00'),
       ('acme/web', 'job:0123456789abcdef0123456789abcdef', 16341001, 'healthy', '{}', '{}', '2026-03-01 13:05:00+00',
        '2026-03-01 14:05:00+00', '2026-06-13 13:05:00+00');
insert into ci_issues (id, repository, subjects, labels, number, url, state, about, opened_at, quiet_since, changed_at)
values ('c2000000-0000-5000-8000-000000000001', 'acme/web', '{test:cart::test_total}', '{flaky-test}', 31,
        'https://github.com/acme/web/issues/31', 'open', '{}', '2026-03-01 13:06:00+00', '2026-03-01 13:05:00+00',
        '2026-03-01 13:06:00+00'),
       ('c2000000-0000-5000-8000-000000000002', 'acme/web', '{test:cart::test_tax,test:cart::test_sum}', '{flaky-test}',
        null, '', 'refused', '{}', '2026-03-02 13:06:00+00', '2026-03-02 13:05:00+00', '2026-03-02 13:06:00+00');
