//! A component pinned by its digest.

use super::section::Section;
use crate::finding::{Finding, Place};

/// `sha256 = "…"`: only the component with this digest may run.
pub struct Pin {
    digest: String,
    place: Place,
}

impl Pin {
    /// The pin of a connection. None: there is none, or what was wrong is now a finding of the
    /// section.
    pub fn read(section: &mut Section<'_>) -> Option<Self> {
        let digest = section.text("sha256")?.to_lowercase();
        if digest.len() != 64 || !digest.chars().all(|c| c.is_ascii_hexdigit()) {
            section.report_at(
                "sha256",
                Finding::error(
                    "config-sha256",
                    "`sha256` is not a SHA-256 digest, which has 64 hexadecimal digits.",
                    "Write what `sha256sum FILE` prints, or `atsync component` for the built-in one.",
                ),
            );
            return None;
        }
        let place = section.place_of("sha256");
        Some(Self { digest, place })
    }

    /// What is wrong if the component has the digest `found`.
    pub fn broken_by(&self, found: &str) -> Option<Finding> {
        (self.digest != found).then(|| {
            Finding::error(
                "component-digest",
                format!(
                    "The component is another than the pinned one: it has the digest {found}, and {} is pinned.",
                    self.digest
                ),
                "If you changed it, write the new digest as sha256. If not, find out who did.",
            )
            .at(self.place.clone())
        })
    }
}
