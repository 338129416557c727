-- Whether a newer run of a workflow is known on a branch is asked while the owner's budget is locked; without this index
-- it reads all runs of the repository.
set local lock_timeout = '2s';
create index ci_runs_line on ci_runs (repository, workflow_id, branch, number);
