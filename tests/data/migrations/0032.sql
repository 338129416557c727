-- A merge, a push and a deployment that failed; the incident that it opened, and its rollback that runs.
insert into ci_changes (repository, key, service, at, what, number, environment, deployment, status, state, title, sha, url, actor,
                        received_at)
values ('acme/api', 'commit:5779607b49aab1200488439f02372c57b4f75444', 'api', '2026-03-01 09:50:00+00', 'merged', 12, null, null,
        null, null, 'Fix the basket', '5779607b49aab1200488439f02372c57b4f75444', 'https://github.com/acme/api/pull/12',
        'octocat', '2026-03-01 09:50:01+00'),
       ('acme/api', 'commit:a3c1', 'api', '2026-03-01 09:55:00+00', 'push', null, null, null, null, null, '', 'a3c1', '', null,
        '2026-03-01 09:55:01+00'),
       ('acme/api', 'deployment:87972451', 'api', '2026-03-01 10:00:00+00', 'deployment', null, 'production', 87972451, 115902951,
        'failed', '', '5779607b49aab1200488439f02372c57b4f75444', 'https://github.com/acme/api/actions/runs/1589141559', 'octocat',
        '2026-03-01 10:00:01+00');
insert into ci_incidents (incident, service, is_open, news_at, body)
values ('c1000000-0000-5000-8000-000000000011', 'api', true, '2026-03-01 10:00:02+00',
        '{"state": {"id": "c1000000-0000-5000-8000-000000000011", "number": 7, "service": "api", "severity": "P1",
                    "responsible": null, "channel": "C024INC", "declared_at": "2026-03-01T10:00:01Z", "is_open": true},
          "ended_at": null, "noted": 3, "due": null, "message": {"channel": "C024INC", "ts": "1772359800.000100"}}');
insert into ci_deployments (id, repository, deployment, service, incident, rolls_back, news_at, body)
values ('c1000000-0000-5000-8000-000000000021', 'acme/api', 87972451, 'api', 'c1000000-0000-5000-8000-000000000011', true,
        '2026-03-01 10:05:00+00',
        '{"id": "c1000000-0000-5000-8000-000000000021", "service": "api",
          "change": {"repository": "acme/api", "at": "2026-03-01T10:00:00Z",
                     "what": {"deployment": {"environment": "production", "deployment": 87972451, "status": 115902951,
                                             "state": "failed"}},
                     "title": "", "sha": "5779607b49aab1200488439f02372c57b4f75444", "url": "", "actor": null},
          "incident": "c1000000-0000-5000-8000-000000000011", "message": {"channel": "C024INC", "ts": "1772359800.000200"},
          "rollback": {"by": "U024BE7LH", "at": "2026-03-01T10:05:00Z", "workflow": "rollback.yml", "state": "asked"}}');
