-- Appends a batch with one search of the unique index for each row: the insert's own. Until now the duplicates were looked
-- up before the insert, to determine which rows have one of their subject before them. They are rare, so the insert now
-- takes them for rows, and when it has inserted fewer than it was given, those that wait for nothing are released: 20
-- instead of 22 us of CPU per row. What 0013 says of the function still applies.
create or replace function append_signals(
    _class integer, _ids uuid[], _sources text[], _kinds text[], _keys text[], _subjects text[], _headers jsonb[],
    _bodies bytea[], _traces text[], _times timestamptz[], _sealed boolean)
returns setof uuid language plpgsql volatile
set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
    _inserted bigint;
begin
    -- A single row needs neither sorting nor counting.
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
               select *, row_number() over (partition by subject order by ord) as place
                 from unnest(_ids, _sources, _kinds, _keys, _subjects, _headers, _bodies, _traces, _times)
                      with ordinality
                      as row(id, source, kind, dedup_key, subject, headers, body, traceparent, at, ord))
      insert into inbox (id, source, kind, dedup_key, subject, headers, body, sealed,
                         traceparent, received_at, run_at, blocked)
      select a.id, a.source, a.kind, a.dedup_key, a.subject, a.headers, a.body, _sealed, a.traceparent, a.at, a.at,
             a.place > 1 or exists (select from inbox i
                                     where i.subject between a.subject and a.subject and i.state = 'open')
        from arrivals a
       order by a.ord
      on conflict (source, dedup_key) do nothing
      returning inbox.id;
    get diagnostics _inserted = row_count;
    if _inserted < cardinality(_ids) then
        update inbox
           set blocked = false
         where inbox.id = any(_ids) and inbox.blocked
           and not exists (select from inbox i
                            where i.subject between inbox.subject and inbox.subject and i.seq < inbox.seq
                              and i.state = 'open');
    end if;
end
$$;
