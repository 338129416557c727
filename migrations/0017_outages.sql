-- Since when a provider has answered nobody: every replica leaves it alone then, but for one attempt at the end of each
-- pause. Null for what a provider itself asked to wait.
alter table pauses add column down_since timestamptz;
-- When the last attempt, or the last look, failed. An attempt counts only when the provider has answered anybody since.
alter table outbox add column failed_at timestamptz;
