-- Why an effect was decided: its area and purpose as words, so that a row that cannot be read can still be told of, and
-- what its receipt needs to know. A version that knows no origins leaves them null; such a row cannot be read here.
--
-- `mark` is the newest point in a lane that an answer tells, such as a message's timestamp: a lookup goes back to there.
-- The index that it replaces named kinds of effects; old and new versions read their own.
--
-- The exchange waits for transactions that read the table, and others wait for the exchange: not for long.
set local lock_timeout = '2s';
alter table outbox add column area text, add column purpose text, add column origin jsonb, add column mark text;
create index outbox_marks on outbox (lane, seq) where mark is not null;
-- What effects that show state showed last, of whichever kind.
create index outbox_shown on outbox (lane, seq) where coalesce_key is not null and ended_at is not null;
-- The effects, and the kinds and bodies of receipts, have another shape: a process of the previous version claims nothing
-- and reports that it is outdated.
update modules set version = 2 where name in ('inbox', 'outbox');
