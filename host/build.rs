//! Builds the connector that the program carries, unless `ATSYNC_COMPONENT` names a ready one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

const TARGET: &str = "wasm32-unknown-unknown";

fn main() -> Result<()> {
    println!("cargo::rerun-if-env-changed=ATSYNC_COMPONENT");
    let component = match env::var_os("ATSYNC_COMPONENT") {
        Some(path) => ready(Path::new(&path))?,
        None => build()?,
    };
    println!(
        "cargo::rustc-env=ATSYNC_BUNDLED_COMPONENT={}",
        component.display()
    );
    Ok(())
}

fn ready(path: &Path) -> Result<PathBuf> {
    println!("cargo::rerun-if-changed={}", path.display());
    fs::canonicalize(path).with_context(|| {
        format!(
            "ATSYNC_COMPONENT names {}, which is not there",
            path.display()
        )
    })
}

fn build() -> Result<PathBuf> {
    let host = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = host
        .parent()
        .context("the host stands in a folder of the workspace")?;
    for source in [
        "plugin/src",
        "plugin/Cargo.toml",
        "wit",
        "Cargo.lock",
        ".cargo/config.toml",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    let target_dir = beside(&PathBuf::from(env::var("OUT_DIR")?))?;
    let status = cargo(root, &target_dir)?
        .status()
        .context("cargo does not start")?;
    if !status.success() {
        bail!(
            "the connector in plugin/ was not built, see above; if the target is missing: \
             rustup target add {TARGET}"
        );
    }
    Ok(target_dir.join(TARGET).join("component/atsync_plugin.wasm"))
}

/// Where the inner cargo builds: a folder of the profile, because each tool (a test, a lint) has
/// an `OUT_DIR` of its own, and would build the connector once more.
fn beside(out_dir: &Path) -> Result<PathBuf> {
    // {profile}/build/{package}/out
    let profile = out_dir.ancestors().nth(3);
    let profile = profile.context("cargo gives an OUT_DIR within the folder of its profile")?;
    Ok(profile.join("connector"))
}

/// The inner cargo, free of what the outer one set for the host's own build: its flags, its
/// wrappers and its target directory, which it holds locked.
fn cargo(root: &Path, target_dir: &Path) -> Result<Command> {
    let mut cargo = Command::new(env::var("CARGO")?);
    for (name, _) in env::vars_os() {
        let name_text = name.to_string_lossy();
        let keep = ["CARGO", "CARGO_HOME", "CARGO_NET_OFFLINE"].contains(&&*name_text);
        let outer = name_text.starts_with("CARGO")
            || name_text.starts_with("RUSTC")
            || name_text.starts_with("DEP_")
            || [
                "RUSTFLAGS",
                "TARGET",
                "HOST",
                "OUT_DIR",
                "OPT_LEVEL",
                "DEBUG",
                "PROFILE",
                "NUM_JOBS",
            ]
            .contains(&&*name_text);
        if outer && !keep {
            cargo.env_remove(&name);
        }
    }
    cargo
        .current_dir(root)
        .args([
            "build",
            "--package",
            "atsync-plugin",
            "--profile",
            "component",
        ])
        .args(["--target", TARGET, "--target-dir"])
        .arg(target_dir);
    Ok(cargo)
}
