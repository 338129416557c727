//! Whether a server is one that we can work with, and what to do when it is not.
//!
//! Asked of every new connection, at the start and by readiness. What is `Unfit` does not pass by
//! itself: it is said in one line with its remedy, and nothing waits for it. A server that is merely
//! read-only may be a standby that is promoted in a moment.

use super::error::StoreError;
use super::unfit::Unfit;
use sqlx::{PgConnection, Row as _};

/// Which servers will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// Those that take writes.
    Writable,
    /// Those that are no standby.
    Primary,
    Any,
}

/// The oldest PostgreSQL that is supported, as `server_version_num`.
const OLDEST: u32 = 140_000;

/// What a server says of itself.
pub(super) struct Found {
    standby: bool,
    read_only: bool,
    encoding: String,
    version: u32,
}

/// Asks it, with a statement that a pooler takes too.
pub(super) async fn ask(connection: &mut PgConnection) -> Result<Found, StoreError> {
    let sql = "select pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', \
                      current_setting('server_encoding'), current_setting('server_version_num')::int";
    let row = sqlx::raw_sql(sql).fetch_one(connection).await?;
    let version: i32 = row.try_get(3)?;
    Ok(Found {
        standby: row.try_get(0)?,
        read_only: row.try_get(1)?,
        encoding: row.try_get(2)?,
        version: u32::try_from(version).unwrap_or(0),
    })
}

impl Found {
    pub(super) fn judge(&self, accept: Accept) -> Result<(), StoreError> {
        if self.version < OLDEST {
            return Err(Unfit::Version(self.version).into());
        }
        if self.encoding != "UTF8" {
            return Err(Unfit::Encoding(self.encoding.clone()).into());
        }
        let refused = match accept {
            Accept::Writable => self.standby || self.read_only,
            Accept::Primary => self.standby,
            Accept::Any => false,
        };
        if refused {
            Err(StoreError::ReadOnly)
        } else {
            Ok(())
        }
    }
}

/// Whether tables must be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tables {
    /// There are some to be made or changed.
    Missing,
    Whole,
    /// They are only read.
    Read,
}

/// Whether the role may do what we do.
pub(super) async fn rights(
    connection: impl sqlx::PgExecutor<'_>,
    tables: Tables,
) -> Result<(), StoreError> {
    // The history is only added to; `modules` and the migrations' own table are read.
    let sql = "select current_user::text, current_schema()::text,
                      coalesce(has_schema_privilege(current_schema(), 'create'), false),
                      lacking.name, lacking.privilege
                 from (values (1)) as one(row)
                 left join lateral (
                      select needed.name, needed.privilege
                        from (values ('inbox', 'select'), ('inbox', 'insert'), ('inbox', 'update'),
                                     ('inbox', 'delete'), ('outbox', 'select'), ('outbox', 'insert'),
                                     ('outbox', 'update'), ('outbox', 'delete'),
                                     ('incidents', 'select'), ('incidents', 'insert'),
                                     ('incidents', 'update'), ('area_timers', 'select'),
                                     ('area_timers', 'insert'), ('area_timers', 'update'),
                                     ('area_timers', 'delete'),
                                     ('ci_runs', 'select'), ('ci_runs', 'insert'),
                                     ('ci_runs', 'update'), ('ci_runs', 'delete'),
                                     ('ci_failures', 'select'), ('ci_failures', 'insert'),
                                     ('ci_failures', 'update'), ('ci_failures', 'delete'),
                                     ('ci_inspections', 'select'), ('ci_inspections', 'insert'),
                                     ('ci_inspections', 'update'), ('ci_inspections', 'delete'),
                                     ('ci_findings', 'select'), ('ci_findings', 'insert'),
                                     ('ci_findings', 'update'), ('ci_findings', 'delete'),
                                     ('ci_records', 'select'), ('ci_records', 'insert'),
                                     ('ci_records', 'update'), ('ci_records', 'delete'),
                                     ('ci_issues', 'select'), ('ci_issues', 'insert'),
                                     ('ci_issues', 'update'), ('ci_issues', 'delete'),
                                     ('ci_deliveries', 'select'), ('ci_deliveries', 'insert'),
                                     ('ci_deliveries', 'update'), ('ci_deliveries', 'delete'),
                                     ('ci_repairs', 'select'), ('ci_repairs', 'insert'),
                                     ('ci_repairs', 'update'), ('ci_repairs', 'delete'),
                                     ('ci_own_rules', 'select'), ('ci_own_rules', 'insert'),
                                     ('ci_own_rules', 'update'), ('ci_own_rules', 'delete'),
                                     ('ci_listing', 'select'), ('ci_listing', 'insert'),
                                     ('ci_listing', 'update'),
                                     ('ci_changes', 'select'), ('ci_changes', 'insert'),
                                     ('ci_changes', 'update'), ('ci_changes', 'delete'),
                                     ('ci_incidents', 'select'), ('ci_incidents', 'insert'),
                                     ('ci_incidents', 'update'), ('ci_incidents', 'delete'),
                                     ('ci_deployments', 'select'), ('ci_deployments', 'insert'),
                                     ('ci_deployments', 'update'), ('ci_deployments', 'delete'),
                                     ('ci_ignored', 'select'), ('ci_ignored', 'insert'),
                                     ('ci_ignored', 'update'), ('ci_ignored', 'delete'),
                                     ('ci_comments', 'select'), ('ci_comments', 'insert'),
                                     ('ci_comments', 'update'), ('ci_comments', 'delete'),
                                     ('ci_pulls', 'select'), ('ci_pulls', 'insert'),
                                     ('ci_pulls', 'update'), ('ci_pulls', 'delete'),
                                     ('ci_digests', 'select'), ('ci_digests', 'insert'),
                                     ('ci_digests', 'update'), ('ci_digests', 'delete'),
                                     ('counters', 'select'),
                                     ('counters', 'update'), ('processes', 'select'),
                                     ('processes', 'insert'), ('processes', 'update'),
                                     ('processes', 'delete'), ('incident_timeline', 'select'),
                                     ('incident_timeline', 'insert'), ('audit_log', 'select'),
                                     ('audit_log', 'insert'), ('notifications', 'select'),
                                     ('notifications', 'insert'), ('notifications', 'update'),
                                     ('people', 'select'), ('people', 'insert'),
                                     ('people', 'update'), ('pauses', 'select'),
                                     ('pauses', 'insert'), ('pauses', 'update'),
                                     ('pauses', 'delete'), ('notices', 'select'),
                                     ('notices', 'insert'), ('notices', 'update'),
                                     ('notices', 'delete'), ('modules', 'select'),
                                     ('_sqlx_migrations', 'select'))
                             as needed(name, privilege)
                        join pg_namespace n on n.nspname = current_schema()
                        join pg_class c on c.relname = needed.name and c.relnamespace = n.oid
                       where not has_table_privilege(c.oid, needed.privilege)
                         and (needed.privilege = 'select' or not $1)
                       union all
                      select p.proname::text, 'execute'
                        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                       where n.nspname = current_schema() and p.proname = 'append_signals'
                         and not has_function_privilege(p.oid, 'execute') and not $1
                       order by 1
                       limit 1) as lacking on true";
    let row = sqlx::query(sql)
        .bind(tables == Tables::Read)
        .fetch_one(connection)
        .await?;
    let role: String = row.try_get(0)?;
    let Some(schema) = row.try_get::<Option<String>, _>(1)? else {
        return lacks(format!(
            "the role may use no schema of its search_path; grant it: grant usage, create on schema \
             public to {role}"
        ));
    };
    let creates: bool = row.try_get(2)?;
    match (row.try_get::<Option<String>, _>(3)?, row.try_get(4)?) {
        (Some(name), Some("execute")) => lacks(format!(
            "the role may not execute the function {name}; grant it: grant execute on function {name} \
             to {role}"
        )),
        (Some(table), Some(right)) => lacks(format!(
            "the role may not {right} in the table {table}; grant it: grant select, insert, update, \
             delete on all tables in schema {schema} to {role}"
        )),
        _ if tables == Tables::Missing && !creates => lacks(format!(
            "the role may not create tables, and migrations are missing; grant it: grant create on \
             schema {schema} to {role}"
        )),
        _ => Ok(()),
    }
}

fn lacks(what: String) -> Result<(), StoreError> {
    Err(Unfit::Rights(what).into())
}

/// Whether a server that takes no writes was made so for this database or role: then no failover
/// changes it.
pub(super) async fn read_only_for_good(connection: &mut PgConnection) -> Option<Unfit> {
    let sql = "select not pg_is_in_recovery(), source from pg_settings \
                where name = 'default_transaction_read_only' and setting = 'on'";
    let row = sqlx::raw_sql(sql).fetch_one(connection).await.ok()?;
    let of = match row.try_get::<String, _>(1).ok()?.as_str() {
        "database" => "database",
        "user" | "database user" => "role",
        _ => return None,
    };
    row.try_get(0).ok().filter(|primary| *primary)?;
    Some(Unfit::ReadOnly(of))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Found {
        Found {
            standby: false,
            read_only: false,
            encoding: "UTF8".to_owned(),
            version: 150_004,
        }
    }

    #[test]
    fn a_server_that_is_too_old_or_cannot_hold_every_text_is_unfit_whatever_is_accepted() {
        let old = Found {
            version: 130_014,
            ..found()
        };
        let latin = Found {
            encoding: "LATIN1".to_owned(),
            ..found()
        };
        for accept in [Accept::Writable, Accept::Primary, Accept::Any] {
            assert!(found().judge(accept).is_ok());
            let error = old.judge(accept).unwrap_err();
            assert!(
                error.to_string().contains("PostgreSQL 13, and 14"),
                "{error}"
            );
            let error = latin.judge(accept).unwrap_err();
            assert!(error.to_string().contains("LATIN1"), "{error}");
        }
    }

    #[test]
    fn a_server_is_accepted_by_what_it_takes() {
        let standby = Found {
            standby: true,
            read_only: true,
            ..found()
        };
        let fenced = Found {
            read_only: true,
            ..found()
        };
        for (server, accept, fine) in [
            (&standby, Accept::Writable, false),
            (&standby, Accept::Primary, false),
            (&standby, Accept::Any, true),
            (&fenced, Accept::Writable, false),
            (&fenced, Accept::Primary, true),
            (&fenced, Accept::Any, true),
        ] {
            assert_eq!(server.judge(accept).is_ok(), fine, "{accept:?}");
        }
    }
}
