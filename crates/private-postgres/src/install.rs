//! The command that installs PostgreSQL's server on this system.
//!
//! It does not run the command: a server must not install packages. `scripts/lib/postgres.sh` does, and
//! has the same table.

use std::path::Path;

/// The package managers of the systems below, and of others.
const MANAGERS: [&str; 8] = [
    "apt-get", "dnf", "yum", "apk", "zypper", "pacman", "brew", "nix-env",
];

/// The command for this host; `None` if `PATH` contains no package manager, as in an image whose
/// os-release still says `debian`.
pub(super) fn command_here(root: bool) -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has_one = std::env::split_paths(&path)
        .any(|folder| MANAGERS.iter().any(|name| folder.join(name).is_file()));
    has_one.then(|| command_of_this_system(root))
}

fn command_of_this_system(root: bool) -> String {
    let os_release = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| std::fs::read_to_string(Path::new(path)).ok())
        .unwrap_or_default();
    command(&os_release, cfg!(target_os = "macos"), root)
}

fn command(os_release: &str, macos: bool, root: bool) -> String {
    if macos {
        return "brew install postgresql@17".to_owned();
    }
    let families = families(os_release);
    let sudo = if root { "" } else { "sudo " };
    let known = |names: &[&str]| {
        families
            .iter()
            .any(|family| names.contains(&family.as_str()))
    };
    if known(&["debian", "ubuntu"]) {
        format!("{sudo}apt-get update && {sudo}apt-get install -y postgresql")
    } else if known(&["fedora", "rhel", "centos", "amzn"]) {
        format!("{sudo}dnf install -y postgresql-server")
    } else if known(&["alpine"]) {
        format!("{sudo}apk add postgresql")
    } else if known(&["suse", "opensuse"]) {
        format!("{sudo}zypper install -y postgresql-server")
    } else if known(&["arch"]) {
        format!("{sudo}pacman -S postgresql")
    } else {
        "with this system's package manager (the package is mostly called postgresql \
         or postgresql-server)"
            .to_owned()
    }
}

/// `ID` and `ID_LIKE` of an os-release file.
fn families(os_release: &str) -> Vec<String> {
    os_release
        .lines()
        .filter_map(|line| {
            line.strip_prefix("ID=")
                .or_else(|| line.strip_prefix("ID_LIKE="))
        })
        .flat_map(|value| value.trim().trim_matches(['"', '\'']).split_whitespace())
        .map(str::to_ascii_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_its_command() {
        let cases = [
            (
                "PRETTY_NAME=\"Debian\"\nID=debian\n",
                true,
                "apt-get update && apt-get install -y",
            ),
            (
                "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n",
                false,
                "sudo apt-get update && sudo",
            ),
            (
                "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n",
                true,
                "dnf install -y postgresql-",
            ),
            ("ID=fedora\n", false, "sudo dnf install"),
            ("ID=alpine\nVERSION_ID=3.20\n", true, "apk add postgresql"),
            (
                "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n",
                true,
                "zypper install",
            ),
            ("ID=arch\n", true, "pacman -S postgresql"),
            ("ID=plan9\n", true, "with this system's package manager"),
            ("", true, "with this system's package manager"),
        ];
        for (os_release, root, expected) in cases {
            let told = command(os_release, false, root);
            assert!(
                told.starts_with(expected),
                "{os_release:?} was told {told:?}"
            );
        }
        assert_eq!(command("", true, false), "brew install postgresql@17");
    }
}
