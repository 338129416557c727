-- The weeks of which the channels were told: each digest is posted once. Deleted after 90 days.
create table ci_digests (
    until_at timestamptz primary key
);
