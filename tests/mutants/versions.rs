//! There is one version here.

use atsync::component::Component;

/// What stands for the component that was released first.
pub fn released() -> Component {
    Component::Bundled
}
