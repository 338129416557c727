//! The start and readiness check the role's rights on every table: one that is missing there would be
//! found by the first statement that fails.

use crate::tree;

/// Only the previous version writes to it; its trigger is all that this version has of it.
const NOT_USED: [&str; 1] = ["timers"];

#[test]
fn the_rights_on_every_table_are_checked() {
    let checked = tree::read("src/store/fit.rs");
    let mut tables = 0;
    for file in tree::files("migrations", ".sql") {
        for line in tree::read(&file).lines() {
            let Some(rest) = line.strip_prefix("create table ") else {
                continue;
            };
            let table = rest.trim_end_matches([' ', '(']);
            tables += 1;
            let needed = !NOT_USED.contains(&table);
            let is_checked = checked.contains(&format!("('{table}', 'select')"));
            assert_eq!(is_checked, needed, "{file}: {table} in src/store/fit.rs");
        }
    }
    assert!(tables > 10, "only {tables} tables found");
}
