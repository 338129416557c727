-- A comment that shows a failed workflow, and one whose pull request is not known yet.
insert into ci_comments (repository, change, pull, comment, shown, changed_at)
values ('acme/web', '#12', 12, 1700, '{"16341001": {"name": "CI", "number": 6, "attempt": 1, "fails": true}}',
        '2026-03-01 13:06:00+00'),
       ('acme/web', 'mona/web:fix', null, null, '{}', '2026-03-01 13:07:00+00');
