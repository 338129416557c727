-- Signals appended by the function: two of one subject, and a duplicate.
select append_signals(1463877634, array['01300000-0000-7000-8000-000000000001', '01300000-0000-7000-8000-000000000002',
                                        '01300000-0000-7000-8000-000000000003']::uuid[],
                      array['github', 'github', 'github'], array['push', 'push', 'push'],
                      array['by-function-1', 'by-function-2', 'by-function-1'], array['by-function', 'by-function', 'by-function'],
                      array['{}', '{}', '{}']::jsonb[], array['{}', '{}', '{}']::bytea[], array[null, null, null],
                      array['2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', '2026-03-01 12:00:01+00']::timestamptz[], false);
