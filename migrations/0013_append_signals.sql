-- Appends a batch of signals in one call: takes the subjects' locks, then inserts the rows. A single append is therefore
-- one statement that commits by itself, instead of four round trips. Each statement of a volatile function sees what was
-- committed before it began, so the rows are read after the locks are taken, as with separate statements.
--
-- The settings are the same as on Wardroom's direct connections, because a function keeps its plans behind a pooler too.
-- Without force_generic_plan, PostgreSQL plans the insert again for each batch, which takes longer than the insert
-- itself: 0.47 ms instead of 0.28 ms per row.
--
-- A row is blocked when its subject has an open row, in the table or earlier in this batch. Duplicates are removed
-- before this is determined, so that no row waits for a row that is not inserted. `between` instead of `=`: when most
-- rows have one subject, the planner assumes that an equality is nearly always true, and reads the whole table for a
-- subject that has no row.
create function append_signals(
    _class integer, _ids uuid[], _sources text[], _kinds text[], _keys text[], _subjects text[], _headers jsonb[],
    _bodies bytea[], _traces text[], _times timestamptz[], _sealed boolean)
returns setof uuid language plpgsql volatile
set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
    -- A single row needs neither sorting nor counting: 0.25 ms.
    if cardinality(_ids) = 1 then
        perform pg_advisory_xact_lock(_class, hashtext(_subjects[1]));
        return query
          insert into inbox (id, source, kind, dedup_key, subject, headers, body, sealed, traceparent, received_at,
                             run_at, blocked)
          values (_ids[1], _sources[1], _kinds[1], _keys[1], _subjects[1], _headers[1], _bodies[1], _sealed,
                  _traces[1], _times[1], _times[1],
                  exists (select from inbox i
                           where i.subject between _subjects[1] and _subjects[1] and i.state = 'open'))
          on conflict (source, dedup_key) do nothing
          returning inbox.id;
        return;
    end if;
    perform pg_advisory_xact_lock(_class, hash)
       from (select distinct hashtext(name) as hash from unnest(_subjects) as name order by 1) as hashes;
    return query
      with arrivals as (
               select distinct on (source, dedup_key) *
                 from unnest(_ids, _sources, _kinds, _keys, _subjects, _headers, _bodies, _traces, _times)
                      with ordinality
                      as row(id, source, kind, dedup_key, subject, headers, body, traceparent, at, ord)
                order by source, dedup_key, ord),
           fresh as (
               select a.*, row_number() over (partition by a.subject order by a.ord) as place
                 from arrivals a
                where not exists (select from inbox i
                                   where i.source = a.source and i.dedup_key = a.dedup_key
                                 offset 0))
      insert into inbox (id, source, kind, dedup_key, subject, headers, body, sealed,
                         traceparent, received_at, run_at, blocked)
      select fresh.id, fresh.source, fresh.kind, fresh.dedup_key, fresh.subject, fresh.headers, fresh.body, _sealed,
             fresh.traceparent, fresh.at, fresh.at,
             place > 1 or exists (select from inbox i
                                   where i.subject between fresh.subject and fresh.subject
                                     and i.state = 'open')
        from fresh
       order by ord
      on conflict (source, dedup_key) do nothing
      returning inbox.id;
end
$$;
