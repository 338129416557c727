-- A bot's run for a pull request, and a run whose webhook named no tree.
insert into ci_runs (repository, run_id, attempt, number, workflow_id, workflow, trigger, branch, sha, status, conclusion, actor,
                     url, started_at, updated_at, received_at, change, pull, by_bot, tree)
values ('acme/web', 1589141900, 1, 6, 16341001, 'CI', 'pull_request', 'renovate/all', 'b7d2', 'completed', 'failure',
        'renovate[bot]', 'https://github.com/acme/web/actions/runs/1589141900', '2026-03-01 13:00:00+00',
        '2026-03-01 13:05:00+00', '2026-03-01 13:05:02+00', '#12', 12, true, '31b122c26a97cf9af023e9ddab94a82c6e77b0ea'),
       ('acme/web', 1589142000, 1, 7, 16341001, 'CI', 'push', 'main', 'c8e3', 'completed', 'failure', 'octocat',
        'https://github.com/acme/web/actions/runs/1589142000', '2026-03-01 14:00:00+00', '2026-03-01 14:05:00+00',
        '2026-03-01 14:05:02+00', 'c8e3', null, false, null);
