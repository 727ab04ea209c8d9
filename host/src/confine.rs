//! What the program denies to others on its machine.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

/// To be called first. From then on every file is its owner's alone, whatever the umask was; a
/// crash leaves no memory on the disk, and nobody but root looks into the process.
pub fn confine() {
    umask(Mode::RWXG | Mode::RWXO);
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Whoever lowers a limit of its own is not refused.
    let _ = setrlimit(Resource::Core, nothing);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
