-- What the record of tests counts runs by. `change` is a pull request (`#7`), a fork and its branch, or a commit, and has one
-- verdict; a process of the previous version does not write it, and such a run has no verdict. `tree` is the id of the
-- commit's content.
--
-- The exchange waits for running statements on the table, and later statements wait for it; the timeout limits this.
set local lock_timeout = '2s';
alter table ci_runs
    add column change text,
    add column pull bigint,
    add column by_bot boolean not null default false,
    add column tree text;
create index ci_runs_verdicts on ci_runs (repository, workflow_id, received_at) where status = 'completed';
