//! Arguments, clocks and output: what a command has of its system.

use wasip2::cli::{environment, stderr, stdout};
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::io::streams::OutputStream;

/// The most that one call may write, in bytes.
const WRITE_BYTES_MAX: usize = 4096;

/// What stands after the name of the program.
pub(crate) fn arguments() -> Vec<String> {
    environment::get_arguments().into_iter().skip(1).collect()
}

/// A variable of the environment.
pub(crate) fn variable(name: &str) -> Option<String> {
    let found = environment::get_environment()
        .into_iter()
        .find(|(key, _)| key == name);
    found.map(|(_, value)| value)
}

/// Milliseconds since 1970 in UTC.
pub(crate) fn now() -> u64 {
    let now = wall_clock::now();
    now.seconds * 1000 + u64::from(now.nanoseconds / 1_000_000)
}

/// Milliseconds of a clock that only runs forward.
pub(crate) fn uptime_ms() -> u64 {
    monotonic_clock::now() / 1_000_000
}

/// Returns after so many milliseconds, never early.
pub(crate) fn sleep_ms(duration_ms: u64) {
    monotonic_clock::subscribe_duration(duration_ms * 1_000_000).block();
}

/// A line for machines.
pub(crate) fn print(line: &str) {
    write(&stdout::get_stdout(), line);
}

/// A line for people.
pub(crate) fn tell(line: &str) {
    write(&stderr::get_stderr(), line);
}

/// Nobody can be told of output that cannot be written.
fn write(stream: &OutputStream, line: &str) {
    for piece in format!("{line}\n").as_bytes().chunks(WRITE_BYTES_MAX) {
        if stream.blocking_write_and_flush(piece).is_err() {
            return;
        }
    }
}
