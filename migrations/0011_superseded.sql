-- Reading a timeline checks for each line whether a later line supersedes it. Without this index, the check reads the
-- timelines of all incidents.
create index incident_timeline_superseded on incident_timeline (supersedes) where supersedes is not null;
