-- How far the lookup of an uncertain effect has read: what it reads may be longer than one exchange. Null: from the front.
set local lock_timeout = '2s';
alter table outbox add column looked_to text;
