//! The crates below `crates/` stand alone, and the image is built without the simulator.

use crate::tree::{files, read};

/// A section of a manifest: its lines, without comments.
fn section<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let lines = manifest.lines().skip_while(|line| *line != name).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines.filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn the_crates_below_crates_do_not_know_the_product() {
    for manifest in files("crates", "Cargo.toml") {
        let text = read(&manifest);
        for line in section(&text, "[dependencies]")
            .into_iter()
            .chain(section(&text, "[dev-dependencies]"))
        {
            assert!(!line.contains("path ="), "{manifest}: {line}");
        }
        assert!(text.lines().any(|line| line == "publish = false"));
        assert!(text.ends_with("[lints]\nworkspace = true\n"), "{manifest}");
    }
    for ending in [".rs", ".py", ".txt", ".toml"] {
        for source in files("crates", ending) {
            for (number, line) in read(&source).lines().enumerate() {
                let names_it = line.to_lowercase().contains("wardroom");
                assert!(!names_it, "{source}:{}: {line}", number + 1);
            }
        }
    }
}

#[test]
fn the_image_is_built_without_the_demo_and_the_simulator() {
    let manifest = read("Cargo.toml");
    let simulator: Vec<&str> = section(&manifest, "[dependencies]")
        .into_iter()
        .filter(|line| line.starts_with("simulator"))
        .collect();
    assert!(
        matches!(simulator[..], [line] if line.contains("optional = true")),
        "{simulator:?}"
    );
    let features = section(&manifest, "[features]");
    assert!(features.contains(&"default = [\"demo\"]"), "{features:?}");
    let image = read("Dockerfile");
    let builds: Vec<&str> = image
        .lines()
        .filter(|l| l.contains("cargo build"))
        .collect();
    assert!(!builds.is_empty());
    for build in builds {
        assert!(build.contains("--no-default-features"), "{build}");
    }
}
