//! Joins a connector with the driver that runs it as a command:
//!
//!     atsync-compose DRIVER CONNECTOR COMMAND
//!
//! writes COMMAND, a component that holds both unchanged, and prints what it imports, a name to
//! a line. Any connector of the contract will do.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, PackageId, plug};

fn main() -> Result<()> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [driver, connector, command] = paths.as_slice() else {
        bail!("write: atsync-compose DRIVER CONNECTOR COMMAND");
    };
    let mut graph = CompositionGraph::new();
    let socket = register(&mut graph, "driver", driver)?;
    let filling = register(&mut graph, "connector", connector)?;
    plug(&mut graph, vec![filling], socket)
        .with_context(|| format!("{} does not fit the driver", connector.display()))?;
    let composed = graph.encode(EncodeOptions::default())?;
    std::fs::write(command, &composed).with_context(|| format!("writing {}", command.display()))?;
    for import in imports(composed)? {
        println!("{import}");
    }
    Ok(())
}

fn register(graph: &mut CompositionGraph, name: &str, path: &Path) -> Result<PackageId> {
    let package = Package::from_file(name, None, path, graph.types_mut())
        .with_context(|| format!("{} is not a component", path.display()))?;
    Ok(graph.register_package(package)?)
}

/// What a component needs from its runtime.
fn imports(component: Vec<u8>) -> Result<Vec<String>> {
    let mut graph = CompositionGraph::new();
    let package = Package::from_bytes("command", None, component, graph.types_mut())?;
    let world = package.ty();
    Ok(graph.types()[world].imports.keys().cloned().collect())
}
