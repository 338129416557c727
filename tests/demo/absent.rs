//! A build without the feature `demo`, as in the image: run by
//! `scripts/test --package wardroom --no-default-features --test demo`.

use std::process::{Command, Output};

fn wardroom(arguments: &[&str]) -> Output {
    let mut wardroom = Command::new(env!("CARGO_BIN_EXE_wardroom"));
    wardroom.args(arguments).output().unwrap()
}

#[test]
fn a_build_without_the_demo_says_where_to_get_it_and_does_not_offer_it() {
    for arguments in [
        &["demo"][..],
        &["demo", "--once", "--port", "3000"],
        &["demo", "--help"],
    ] {
        let output = wardroom(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains("scripts/demo"), "{said}");
    }
    let help = wardroom(&["--help"]);
    let help = String::from_utf8_lossy(&help.stdout);
    assert!(help.contains("serve") && !help.contains("demo"), "{help}");
}
