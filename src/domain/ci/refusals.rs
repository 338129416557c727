//! What a code of a call to GitHub that was refused says to people, and what they can do.

/// A clause, without the period; a code that is not known is shown as it is.
pub(super) fn in_words(code: &str) -> String {
    if let Some(permission) = code.strip_prefix("missing_permission:") {
        return format!(
            "the GitHub App lacks the permission {permission}; grant it in the App's settings and accept it where the App is installed"
        );
    }
    if let Some(needed) = code.strip_prefix("forbidden:") {
        return format!("the GitHub App isn't allowed to; GitHub asks for {needed}");
    }
    let words = match code {
        "not_installed" => "the GitHub App isn't installed for this repository",
        "installation_suspended" => "the GitHub App is suspended for this account",
        "bad_credentials" => "GitHub doesn't accept the credentials of the App",
        "forbidden" => "the GitHub App isn't allowed to",
        "not_found" => "GitHub doesn't know it any more, or the App can't reach the repository",
        "gone" => "GitHub has deleted it",
        "rerun_not_possible" => {
            "GitHub can't repeat this run, as it does for runs that are too old"
        }
        "no_run_listed" => "GitHub lists no run of it yet",
        "no answer" => "GitHub didn't answer",
        // A sentence of ours.
        sentence if sentence.contains(' ') => sentence,
        code => return format!("the call to GitHub failed: {code}"),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_permission_and_an_unknown_code_is_shown() {
        assert!(in_words("missing_permission:actions").contains("lacks the permission actions;"));
        assert!(in_words("forbidden:actions=write").ends_with("actions=write"));
        assert_eq!(in_words("it took too long"), "it took too long");
        assert!(in_words("invalid:x").ends_with("invalid:x"));
    }
}
