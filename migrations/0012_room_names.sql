-- The names that are taken are asked for by their beginning, byte by byte, whatever the database's own order is.
create index incidents_channel_name on incidents (channel_name collate "C");
