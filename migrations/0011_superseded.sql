-- Whoever reads an incident's lines asks of each whether a later one corrects it: without an index that reads every
-- incident's history.
create index incident_timeline_superseded on incident_timeline (supersedes) where supersedes is not null;
