-- A run with the time of its delivery, and a timer that is over.
insert into ci_runs (repository, run_id, attempt, number, workflow_id, workflow, trigger, branch, sha, status, conclusion, actor,
                     url, started_at, updated_at, received_at)
values ('acme/web', 1589141800, 1, 5, 16341001, 'CI', 'push', 'main', '5779607b49aab1200488439f02372c57b4f75444', 'completed',
        'success', 'octocat', 'https://github.com/acme/web/actions/runs/1589141800', '2026-03-01 12:00:00+00',
        '2026-03-01 12:05:00+00', '2026-03-01 12:05:02+00');
insert into area_timers (area, owner, name, due, pending)
values ('ci', 'acme/web#8', 'stale', '2026-03-01 13:00:00+00', false);
