//! Gets the clients, starts a workspace, and runs a script that prints `N passed, M failed`.

use simulator::{Options, Workspace};
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn run(what: &str, program: &Path, args: &[&str], folder: &Path) {
    let ran = Command::new(program)
        .args(args)
        .current_dir(folder)
        .output();
    let ran = ran.unwrap_or_else(|error| panic!("{} is needed: {error}", program.display()));
    let words = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success(),
        "{what} could not be installed: {} says\n{words}",
        program.display()
    );
}

/// A Python that has the package, such as `slack-sdk==3.47.0`.
pub fn python(package: &str) -> PathBuf {
    let folder = folder(&package.replace("==", "-"));
    let python = folder.join("bin/python");
    if folder.join("whole").is_file() {
        return python;
    }
    let (here, place) = (Path::new("."), folder.to_string_lossy());
    run(
        package,
        Path::new("python3"),
        &["-m", "venv", "--clear", &place],
        here,
    );
    let quiet = ["--quiet", "--disable-pip-version-check", package];
    run(
        package,
        &python,
        &[&["-m", "pip", "install"], &quiet[..]].concat(),
        here,
    );
    std::fs::write(folder.join("whole"), "").unwrap();
    python
}

/// octokit. The last two describe all bodies: responses and webhooks are checked against them.
const OCTOKIT: &[&str] = &[
    "@octokit/rest@22.0.1",
    "@octokit/auth-app@8.3.1",
    "@octokit/plugin-throttling@11.0.5",
    "@octokit/webhooks-methods@6.0.0",
    "@octokit/openapi@23.0.2",
    "ajv@8.20.0",
    "ajv-formats@3.0.1",
];

/// A folder whose `node_modules` has octokit.
pub fn octokit() -> PathBuf {
    node_modules("octokit-22.0.1", OCTOKIT)
}

/// A folder whose `node_modules` has the packages.
fn node_modules(name: &str, packages: &[&str]) -> PathBuf {
    let folder = folder(name);
    if folder.join("whole").is_file() {
        return folder;
    }
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("package.json"), "{\"private\":true}").unwrap();
    let quiet = ["--silent", "--no-audit", "--no-fund", "--no-package-lock"];
    let args = [&["install"], &quiet[..], packages].concat();
    run(name, Path::new("npm"), &args, &folder);
    std::fs::write(folder.join("whole"), "").unwrap();
    folder
}

/// Runs a script of this directory against a workspace of its own. At least `least` rules must pass.
pub async fn check(options: Options, program: &Path, script: &str, modules: &Path, least: u32) {
    let (tell, told) = tokio::sync::oneshot::channel();
    let alone = tokio::spawn(simulator::serve_standalone(
        options,
        |workspace: &Workspace| {
            tell.send(workspace.base_url()).unwrap();
        },
    ));
    let url = told.await.unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/official_client")
        .join(script);
    let ran = tokio::process::Command::new(program)
        .arg(script)
        .arg(&url)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("MODULES", modules)
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    alone.abort();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let words = said.clone() + &String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{words}");
    let last = said.lines().last().unwrap_or_default();
    let (passed, rest) = last.split_once(" passed, ").unwrap_or_default();
    eprintln!("{last}");
    assert!(
        passed.parse::<u32>().is_ok_and(|passed| passed >= least) && rest == "0 failed",
        "{words}"
    );
}
