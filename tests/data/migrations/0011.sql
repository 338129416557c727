-- A correction of the correction, which the index of this migration finds.
insert into incident_timeline (incident, at, kind, text, by, signal, ordinal, supersedes)
select incident, '2026-03-01 09:02:00+00', 'note', 'Checkout returns 503s', by, signal, 2, id
  from incident_timeline where ordinal = 1;
