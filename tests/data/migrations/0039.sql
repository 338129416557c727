-- No rows: the indexes are over those of 0003, 0029 and 0033.
select count(*) from ci_findings;
