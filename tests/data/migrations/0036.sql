-- No rows: the index is over those of 0024.
select count(*) from ci_runs;
