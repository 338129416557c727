-- Timers of any area. A timer belongs to an area and to one of its things, by the area's own words, and to no table.
create table area_timers (
    area       text not null,
    owner      text not null,
    name       text not null,
    due        timestamptz not null,
    generation integer not null default 1,
    pending    boolean not null default true,
    primary key (area, owner, name)
);
create index area_timers_due on area_timers (due) where pending;

-- The previous version still sets its timers in the table that knew incidents only: each is one of an incident here.
-- One that it fires is not mirrored, because it decides nothing beside this version.
create function mirror_timer() returns trigger language plpgsql as $$
begin
    insert into area_timers (area, owner, name, due, generation, pending)
    values ('incident', new.incident::text, case new.name when 'room_overdue' then 'channel_overdue' else new.name end,
            new.due, new.generation, new.pending)
    on conflict (area, owner, name) do update
       set due = excluded.due, generation = excluded.generation, pending = excluded.pending;
    return null;
end
$$;
create trigger timers_mirror after insert or update on timers for each row
    when (new.pending) execute function mirror_timer();
insert into area_timers (area, owner, name, due, generation, pending)
select 'incident', incident::text, case name when 'room_overdue' then 'channel_overdue' else name end, due, generation,
       pending
  from timers;
