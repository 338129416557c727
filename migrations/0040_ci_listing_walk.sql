-- A list of deliveries that is longer than one call reads: when it was begun, how far back it goes, and GitHub's word for the
-- place where it goes on. Without `walk_begun_at`, none is being read.
alter table ci_listing
    add column walk_begun_at timestamptz,
    add column walk_since timestamptz,
    add column cursor text;
