-- A batch in which the first of two signals of a subject is known already: the second waits for nothing.
select append_signals(1463877634, array['01300000-0000-7000-8000-000000000011', '01300000-0000-7000-8000-000000000012']::uuid[],
                      array['github', 'github'], array['push', 'push'], array['by-function-1', 'by-function-3'],
                      array['by-function-again', 'by-function-again'], array['{}', '{}']::jsonb[],
                      array['{}', '{}']::bytea[], array[null, null]::text[],
                      array['2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00']::timestamptz[], false);
