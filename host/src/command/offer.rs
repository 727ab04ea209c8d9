//! The questions and acts of a manifest as commands of their own.

use atsync::engine::manifest::{self, Description};
use atsync::engine::reconcile::{Call, Mode};
use clap::{Arg, ArgMatches, Args as _, FromArgMatches as _};
use serde_json::{Map, Value};

use super::{Common, Connectors, Exit, Site, Stop, passes};

/// A question or an act that people may choose.
pub struct Offer {
    offer: manifest::Offer,
    is_act: bool,
}

/// All that a manifest offers.
pub fn all(description: &Description) -> Vec<Offer> {
    let offers = |offers: &[manifest::Offer], is_act| -> Vec<_> {
        offers
            .iter()
            .cloned()
            .map(|offer| Offer { offer, is_act })
            .collect()
    };
    let mut all = offers(&description.questions, false);
    all.extend(offers(&description.acts, true));
    all
}

impl Offer {
    /// The command's name.
    pub fn name(&self) -> &str {
        &self.offer.name
    }

    /// The command: a required argument is positional, any other has a name.
    pub fn command(&self) -> clap::Command {
        let mut example = format!("Example: atsync {}", self.offer.name);
        let mut command = Common::augment_args(clap::Command::new(self.offer.name.clone()))
            .about(without_full_stop(&self.offer.summary));
        for argument in &self.offer.arguments {
            let arg = Arg::new(argument.name.clone()).help(without_full_stop(&argument.summary));
            let value = argument.name.to_uppercase();
            if argument.required {
                example.push_str(&format!(" {value}"));
                command = command.arg(arg.value_name(value).required(true));
            } else {
                example.push_str(&format!(" [--{} {value}]", argument.name));
                command = command.arg(arg.value_name(value).long(argument.name.clone()));
            }
        }
        command.after_help(example)
    }

    /// Asks the question, or does the act, in a pass of its own.
    pub fn run(&self, matches: &ArgMatches, connectors: &mut Connectors) -> Result<Exit, Stop> {
        let common = Common::from_arg_matches(matches).map_err(|error| {
            Stop::usage("usage", error.to_string(), "See --help of the command.")
        })?;
        let arguments: Map<_, _> = self
            .offer
            .arguments
            .iter()
            .filter_map(|argument| {
                let value = matches.get_one::<String>(&argument.name)?;
                Some((argument.name.clone(), Value::from(value.as_str())))
            })
            .collect();
        let call = Call {
            name: self.offer.name.clone(),
            arguments: Value::Object(arguments).to_string(),
        };
        let site = Site::open(&common, connectors)?;
        let ready = site.one(connectors)?;
        let mode = if self.is_act {
            Mode::Act(call)
        } else {
            Mode::Ask(call)
        };
        passes::run(&site, vec![ready], &mode, &common)
    }
}

/// As in the help of the host's own commands.
fn without_full_stop(summary: &str) -> String {
    summary.trim_end_matches('.').to_owned()
}
