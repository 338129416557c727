-- While a queue is empty every index of it costs the planner the same, and what is prepared then is kept: an index
-- that fits any statement about unfinished rows was taken for one that asks for a lane, and read from end to end.
drop index outbox_coalesce;
create index outbox_coalesce on outbox (coalesce_key, seq) where ended_at is null and coalesce_key is not null;

-- Whoever reads an incident's lines asks of each whether a later one corrects it: without an index that reads every
-- incident's history.
create index incident_timeline_superseded on incident_timeline (supersedes) where supersedes is not null;

-- The names that are taken are asked for by their beginning, byte by byte, whatever the database's own order is.
create index incidents_channel_name on incidents (channel_name collate "C");
