//! `atsync component`: the connector as a file for other runtimes, and what it is.

use std::fs;
use std::path::{Path, PathBuf};

use atsync::component::Component as Source;
use atsync::engine::{WIT, manifest};
use serde_json::json;
use wasmparser::{Parser, Payload};

use super::{Connectors, Exit, Stop};

/// Show which component this is, and write it for another runtime
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Example: atsync component --write connector

Writes NAME.wasm, connector.wit and settings.schema.json, over what stands there under these names.")]
pub struct Component {
    /// A component [default: the built-in one]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Write the component, its contract and the schema of its settings into this folder
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Component {
    pub fn run(&self, connectors: &mut Connectors) -> Result<Exit, Stop> {
        let bytes = Source::from(self.file.clone()).bytes()?;
        let connector = connectors.get(self.file.as_deref())?;
        let (contract, description) = (connector.contract(), connector.describe());
        let services = names(&description.services, |service| &service.name);
        let questions = names(&description.questions, |offer| &offer.name);
        let acts = names(&description.acts, |offer| &offer.name);
        let digest = connector.digest();
        let stripped = bytes.len() - names_bytes(&bytes);
        let written = match &self.write {
            Some(folder) => write(folder, description, &bytes)?,
            None => Vec::new(),
        };
        if self.json {
            let told = json!({
                "name": description.name,
                "version": description.version,
                "summary": description.summary,
                "contract": contract,
                "sha256": digest,
                "bytes": bytes.len(),
                "bytes_stripped": stripped,
                "services": services,
                "questions": questions,
                "acts": acts,
                "interval_ms_min": description.interval_ms_min,
                "written": written,
            });
            println!("{told}");
            return Ok(Exit::Done);
        }
        println!(
            "{} {}: {}\n",
            description.name, description.version, description.summary
        );
        let facts = [
            ("contract", format!("{contract}, without imports")),
            ("sha256", digest.to_owned()),
            (
                "bytes",
                format!("{}, of which {stripped} without names", bytes.len()),
            ),
            ("services", services.join(", ")),
            ("questions", questions.join(", ")),
            ("acts", acts.join(", ")),
            (
                "interval",
                format!("{} ms or longer", description.interval_ms_min),
            ),
        ];
        for (what, value) in facts {
            println!("{what:9}  {value}");
        }
        for file in written {
            println!("Wrote {}.", file.display());
        }
        Ok(Exit::Done)
    }
}

/// Writes what an embedder needs: the files.
fn write(
    folder: &Path,
    description: &manifest::Description,
    bytes: &[u8],
) -> Result<Vec<PathBuf>, Stop> {
    let files: [(String, &[u8]); 3] = [
        (format!("{}.wasm", description.name), bytes),
        ("connector.wit".to_owned(), WIT.as_bytes()),
        (
            "settings.schema.json".to_owned(),
            description.settings_schema.as_bytes(),
        ),
    ];
    let failed = |path: &Path, error: &std::io::Error| {
        Stop::failed(
            "component-not-written",
            format!("{} cannot be written: {error}.", path.display()),
            "Give a folder that you may write to.",
        )
    };
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let mut written = Vec::new();
    for (name, content) in files {
        let path = folder.join(name);
        fs::write(&path, content).map_err(|error| failed(&path, &error))?;
        written.push(path);
    }
    Ok(written)
}

fn names<T>(of: &[T], name: impl Fn(&T) -> &String) -> Vec<String> {
    of.iter().map(|one| name(one).clone()).collect()
}

/// The bytes of what a runtime can do without: the names of functions, which make a trap readable.
fn names_bytes(component: &[u8]) -> usize {
    let payloads = Parser::new(0).parse_all(component);
    let custom = payloads.filter_map(|payload| match payload {
        Ok(Payload::CustomSection(section)) => Some(section.range().len()),
        _ => None,
    });
    custom.sum()
}
