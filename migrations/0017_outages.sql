-- Since when a provider has not answered any process. Replicas then send nothing to it, except one attempt at the end of
-- each pause. Null for pauses that a provider asked for.
alter table pauses add column down_since timestamptz;
-- When the last attempt or lookup failed. The next failure counts as an attempt only when the provider has answered any
-- request since then.
alter table outbox add column failed_at timestamptz;
