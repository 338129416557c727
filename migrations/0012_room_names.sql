-- Channel names are looked up by prefix, compared by bytes; the database's own collation may not support that.
create index incidents_channel_name on incidents (channel_name collate "C");
