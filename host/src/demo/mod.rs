//! Sandbox and host together: something to watch without credentials. Real passes of the real
//! host over real HTTP; only the two services and the waiting are played.

mod board;
mod clock;
mod stage;
mod story;
mod truth;
pub mod world;

pub use board::Board;
pub use stage::Stage;
pub use story::{Dice, play, something_changes};
pub use truth::Comparison;
