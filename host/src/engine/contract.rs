//! Which version of the contract a component fulfils, by the names of what it exports.

use std::collections::BTreeSet;

use crate::problem::Problem;

/// The contract that components of this host fulfil.
pub const CONTRACT: &str = "atsync:connector@1.0.0";

/// The same, in full: what `wit/connector.wit` says.
pub const WIT: &str = include_str!("../../../wit/connector.wit");

const PACKAGE: &str = "atsync:connector";
/// Every major version that this host ever shipped stays here.
const MAJORS: [&str; 1] = ["1"];

/// The contract that a component with these exports fulfils. Errors: none that is known.
pub(super) fn fulfilled<'e>(exports: impl Iterator<Item = &'e str>) -> Result<String, Problem> {
    let versions: BTreeSet<&str> = exports.filter_map(version).collect();
    let known = |version: &&&str| {
        let major = version.split('.').next().unwrap_or_default();
        MAJORS.contains(&major)
    };
    if let Some(version) = versions.iter().rfind(known) {
        return Ok(format!("{PACKAGE}@{version}"));
    }
    if versions.is_empty() {
        return Err(refused(format!(
            "The component exports nothing of {PACKAGE}."
        )));
    }
    let versions: Vec<_> = versions.into_iter().collect();
    Err(Problem::new(
        "component-version",
        format!(
            "The component is made for version {} of {PACKAGE}; this program knows version {}.",
            versions.join(" and "),
            MAJORS.join(" and ")
        ),
        format!("Update atsync, or give a component that is made for {CONTRACT}."),
    ))
}

/// The version in the name of an export, if it is of the contract: `atsync:connector/policy@1.0.0`.
fn version(export: &str) -> Option<&str> {
    let face = export.strip_prefix(PACKAGE)?.strip_prefix('/')?;
    Some(face.split_once('@')?.1)
}

/// What cannot run here.
pub(super) fn refused(message: String) -> Problem {
    Problem::new(
        "component-refused",
        message,
        format!("Give a component of {CONTRACT} that imports nothing."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(exports: &[&str]) -> Result<String, &'static str> {
        fulfilled(exports.iter().copied()).map_err(|problem| problem.code)
    }

    #[test]
    fn every_version_1_is_known() {
        for version in ["1.0.0", "1.7.2"] {
            let export = format!("{PACKAGE}/reconcile@{version}");
            assert_eq!(told(&[&export]), Ok(format!("{PACKAGE}@{version}")));
        }
    }

    #[test]
    fn a_component_that_also_fulfils_a_later_one_is_taken_by_the_known_one() {
        let exports = [
            "atsync:connector/reconcile@1.0.0",
            "atsync:connector/reconcile@2.0.0",
        ];
        assert_eq!(told(&exports), Ok(CONTRACT.to_owned()));
    }

    #[test]
    fn a_later_major_version_and_another_contract_are_two_refusals() {
        assert_eq!(
            told(&["atsync:connector/reconcile@2.0.0"]),
            Err("component-version")
        );
        assert_eq!(told(&["other:thing/run@1.0.0"]), Err("component-refused"));
        assert_eq!(
            told(&["atsync:connectors/run@1.0.0"]),
            Err("component-refused")
        );
    }
}
