-- Lists of the API with a filter, newest first: without these, a rare value walks all rows by their place. Each filter has an
-- index of its own; a second filter leaves out rows of the first. Their conditions hold for all rows, and keep these indexes from
-- statements that do not name the column. `ci_repairs_handled` is read while the owner's budget is locked.
--
-- Creating an index holds back writes of its table for that time: well under a second for the 90 days of failures that are kept.
-- It waits for running transactions first; the timeout limits this.
set local lock_timeout = '2s';
create index incidents_status on incidents (status, number) where status is not null;
create index incidents_severity on incidents (severity, number) where severity is not null;
create index ci_findings_repository on ci_findings (lower(repository), place);
create index ci_findings_class on ci_findings (class, place) where class is not null;
create index ci_findings_state on ci_findings (state, place) where state is not null;
create index ci_repairs_repository on ci_repairs (lower(repository), place);
create index ci_repairs_playbook on ci_repairs (playbook, place) where playbook is not null;
create index ci_repairs_state on ci_repairs (state, place) where state is not null;
create index ci_repairs_handled on ci_repairs (repository, decided_at)
    where not is_rerun and state not in ('refused', 'skipped');
