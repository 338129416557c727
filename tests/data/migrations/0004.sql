-- A timeline with a correction, and a refusal in the audit log.
insert into incident_timeline (incident, at, kind, text, by, signal, ordinal)
values ('03900000-0000-7000-8000-000000000001', '2026-03-01 09:00:00+00', 'declared', 'Checkout returns 500s',
        'U024BE7LH', '01900000-0000-7000-8000-000000000001', 0);
insert into incident_timeline (incident, at, kind, text, by, signal, ordinal, supersedes)
select incident, '2026-03-01 09:01:00+00', 'note', 'Checkout returns 502s', by, signal, 1, id
  from incident_timeline where ordinal = 0;
insert into audit_log (incident, at, action, by, outcome, details, signal, ordinal)
values ('03900000-0000-7000-8000-000000000001', '2026-03-01 09:00:00+00', 'declare', 'U024BE7LH', 'done',
        '{"severity": "P1"}', '01900000-0000-7000-8000-000000000001', 0),
       (null, '2026-03-01 09:03:00+00', 'resolved', 'U024STRANGER', 'refused', '{}',
        '01900000-0000-7000-8000-000000000002', 0);
