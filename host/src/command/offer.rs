//! The questions and acts of a manifest as commands of their own.
//!
//! An offer whose name begins with another offer's name and a hyphen is a subcommand of that
//! one: `stock` and `stock-move` are `stock` and `stock move`. The other still is a command.

use atsync::engine::manifest::{self, Description};
use atsync::engine::reconcile::{Call, Mode};
use clap::{Arg, ArgMatches, Args as _, FromArgMatches as _};
use serde_json::{Map, Value};

use super::{Common, Connectors, Exit, Site, Stop, passes};

/// A question or an act that people may choose.
pub struct Offer {
    offer: manifest::Offer,
    is_act: bool,
    /// What has to be typed, word by word.
    words: Vec<String>,
    below: Vec<Offer>,
}

/// All that a manifest offers, those with a longer name below those whose name they begin with.
pub fn all(description: &Description) -> Vec<Offer> {
    let questions = description.questions.iter().map(|offer| (offer, false));
    let acts = description.acts.iter().map(|offer| (offer, true));
    let offers: Vec<_> = questions.chain(acts).collect();
    below(None, &offers)
}

/// The offers right below `parent`, or those at the top.
fn below(parent: Option<&Offer>, offers: &[(&manifest::Offer, bool)]) -> Vec<Offer> {
    let name = parent.map(|parent| parent.offer.name.as_str());
    let words = parent.map_or(&[][..], |parent| parent.words.as_slice());
    offers
        .iter()
        .filter(|(offer, _)| parent_of(&offer.name, offers) == name)
        .map(|(offer, is_act)| {
            let rest = name.and_then(|name| last_word(name, &offer.name));
            let mut found = Offer {
                offer: (*offer).clone(),
                is_act: *is_act,
                words: [words, &[rest.unwrap_or(&offer.name).to_owned()]].concat(),
                below: Vec::new(),
            };
            found.below = below(Some(&found), offers);
            found
        })
        .collect()
}

/// The longest other offer's name that this one begins with.
fn parent_of<'a>(name: &str, offers: &[(&'a manifest::Offer, bool)]) -> Option<&'a str> {
    offers
        .iter()
        .map(|(offer, _)| offer.name.as_str())
        .filter(|other| last_word(other, name).is_some())
        .max_by_key(|other| other.len())
}

/// What stands after `parent` and a hyphen.
fn last_word<'a>(parent: &str, name: &'a str) -> Option<&'a str> {
    let word = name.strip_prefix(parent)?.strip_prefix('-')?;
    (!word.is_empty()).then_some(word)
}

impl Offer {
    /// The command's name: the last of the words that have to be typed.
    pub fn name(&self) -> &str {
        self.words.last().map_or("", String::as_str)
    }

    /// The command: a required argument is positional, any other has a name.
    pub fn command(&self) -> clap::Command {
        let mut command = Common::augment_args(clap::Command::new(self.name().to_owned()))
            .about(without_full_stop(&self.offer.summary))
            .after_help(self.examples());
        for argument in &self.offer.arguments {
            let arg = Arg::new(argument.name.clone()).help(without_full_stop(&argument.summary));
            let value = argument.name.to_uppercase();
            command = command.arg(if argument.required {
                arg.value_name(value).required(true)
            } else {
                arg.value_name(value).long(argument.name.clone())
            });
        }
        if self.below.is_empty() {
            return command;
        }
        // An option before the subcommand's name would otherwise be taken and forgotten.
        command
            .disable_help_subcommand(true)
            .args_conflicts_with_subcommands(true)
            .subcommand_negates_reqs(true)
            .subcommands(self.below.iter().map(Self::command))
    }

    /// Asks the question, or does the act, in a pass of its own.
    pub fn run(&self, matches: &ArgMatches, connectors: &mut Connectors) -> Result<Exit, Stop> {
        if let Some((offer, matches)) = chosen(&self.below, matches) {
            return offer.run(matches, connectors);
        }
        let common = Common::from_arg_matches(matches).map_err(|error| {
            Stop::usage("usage", error.to_string(), "See --help of the command.")
        })?;
        let call = Call {
            name: self.offer.name.clone(),
            arguments: self.arguments(matches),
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

    fn arguments(&self, matches: &ArgMatches) -> String {
        let given = self.offer.arguments.iter().filter_map(|argument| {
            let value = matches.get_one::<String>(&argument.name)?;
            Some((argument.name.clone(), Value::from(value.as_str())))
        });
        Value::Object(given.collect::<Map<_, _>>()).to_string()
    }

    fn examples(&self) -> String {
        let below = self.below.iter().map(Self::example);
        let all: Vec<_> = std::iter::once(self.example()).chain(below).collect();
        // Each below the other, as in the help of the host's own commands.
        format!("Example: {}", all.join("\n         "))
    }

    /// What to type, with a word in capitals for each argument.
    fn example(&self) -> String {
        let mut example = format!("atsync {}", self.words.join(" "));
        for argument in &self.offer.arguments {
            let value = argument.name.to_uppercase();
            example += &if argument.required {
                format!(" {value}")
            } else {
                format!(" [--{} {value}]", argument.name)
            };
        }
        example
    }
}

/// The offer that was typed, and what was typed with it.
pub fn chosen<'a>(
    offers: &'a [Offer],
    matches: &'a ArgMatches,
) -> Option<(&'a Offer, &'a ArgMatches)> {
    let (name, matches) = matches.subcommand()?;
    let offer = offers.iter().find(|offer| offer.name() == name)?;
    Some((offer, matches))
}

/// As in the help of the host's own commands.
fn without_full_stop(summary: &str) -> String {
    summary.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn offer(name: &str, argument: Option<&str>) -> manifest::Offer {
        let argument = argument.map(|name| manifest::Argument {
            name: name.to_owned(),
            summary: "Which.".to_owned(),
            required: true,
        });
        manifest::Offer {
            name: name.to_owned(),
            summary: "Do it.".to_owned(),
            arguments: argument.into_iter().collect(),
        }
    }

    fn offered(offers: &[manifest::Offer]) -> Vec<Offer> {
        let offers: Vec<_> = offers.iter().map(|offer| (offer, false)).collect();
        below(None, &offers)
    }

    /// What is called for what is typed.
    fn called(offers: &[Offer], typed: &str) -> Result<(String, String), clap::Error> {
        let program = clap::Command::new("atsync").subcommands(offers.iter().map(Offer::command));
        let matches = program.try_get_matches_from(typed.split(' '))?;
        let (mut offer, mut matches) = chosen(offers, &matches).unwrap();
        while let Some(below) = chosen(&offer.below, matches) {
            (offer, matches) = below;
        }
        Ok((offer.offer.name.clone(), offer.arguments(matches)))
    }

    fn boxes() -> Vec<Offer> {
        offered(&[
            offer("box-lid-turn", None),
            offer("box-open", Some("box")),
            offer("box", None),
            offer("box-lid", None),
            offer("boxes-count", None),
            offer("shut-all", None),
        ])
    }

    #[test]
    fn an_offer_that_begins_with_another_is_its_subcommand() {
        let boxes = boxes();
        for (typed, name, arguments) in [
            ("atsync box", "box", "{}"),
            ("atsync box open 7", "box-open", r#"{"box":"7"}"#),
            ("atsync box lid", "box-lid", "{}"),
            ("atsync box lid turn", "box-lid-turn", "{}"),
        ] {
            let expected = (name.to_owned(), arguments.to_owned());
            assert_eq!(called(&boxes, typed).unwrap(), expected, "{typed}");
        }
        assert!(called(&boxes, "atsync box-open 7").is_err());
    }

    #[test]
    fn a_hyphen_alone_makes_no_subcommand() {
        let boxes = boxes();
        for name in ["boxes-count", "shut-all"] {
            let typed = format!("atsync {name}");
            assert_eq!(called(&boxes, &typed).unwrap().0, name);
        }
        assert!(called(&boxes, "atsync boxes count").is_err());
    }

    #[test]
    fn what_an_offer_requires_is_not_required_of_those_below_it() {
        let offers = offered(&[offer("find", Some("word")), offer("find-again", None)]);
        assert_eq!(
            called(&offers, "atsync find again").unwrap().0,
            "find-again"
        );
        let found = called(&offers, "atsync find it").unwrap();
        assert_eq!(found.1, r#"{"word":"it"}"#);
        assert!(called(&offers, "atsync find").is_err());
    }

    #[test]
    fn an_option_before_the_subcommand_is_refused_rather_than_forgotten() {
        let boxes = boxes();
        assert!(called(&boxes, "atsync box --connection acme open 7").is_err());
        assert!(called(&boxes, "atsync box open 7 --connection acme").is_ok());
    }

    #[test]
    fn the_help_of_a_command_shows_each_way_to_use_it() {
        let boxes = boxes();
        let opened = boxes.iter().find(|offer| offer.name() == "box").unwrap();
        let help = opened.command().render_help().to_string();
        let shown = "Example: atsync box\n         atsync box open BOX\n         atsync box lid\n";
        assert!(help.ends_with(shown), "{help}");
    }
}
