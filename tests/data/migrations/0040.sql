-- A list that is half read, in the row of 0031.
update ci_listing
   set walk_begun_at = '2026-03-01 10:10:00+00', walk_since = '2026-02-26 10:10:00+00', cursor = 'v1_12345';
