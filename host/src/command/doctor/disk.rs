//! The disk: who may read what lies there, and whether there is room.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use atsync::store::written;
use rustix::fs::{Access, access, statvfs};

use super::Chart;
use crate::command::Site;
use crate::finding::Finding;

/// Below this, the disk is told to be nearly full, in bytes.
const ROOM_MIN: u64 = 256 << 20;

/// Looks at rights and room of store and recordings.
pub fn look(site: &Site, chart: &mut Chart) {
    let (store, recordings) = (&site.config.store, site.config.recordings());
    for path in [store, &recordings] {
        chart.findings.extend(open_to_others(path));
    }
    let mut needed = BTreeSet::from([folder_of(store), recordings.clone()]);
    let of_connections = fs::read_dir(&recordings).into_iter().flatten().flatten();
    needed.extend(of_connections.map(|entry| entry.path()));
    for configured in site.chosen() {
        needed.extend(written(store, &configured.name));
    }
    chart
        .findings
        .extend(needed.iter().filter_map(|path| closed(path)));
    let budget = site.config.recording.bytes_max;
    let state = match budget {
        0 => "none are made".to_owned(),
        most => format!(
            "{} of {} for each connection",
            mb(size(&recordings)),
            mb(most)
        ),
    };
    chart.row("recordings", &recordings.display(), state);
    let folder = folder_of(store);
    let room = match statvfs(&folder) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            chart.row("disk", &folder.display(), format!("not known ({error})"));
            return;
        }
    };
    let enough = room >= ROOM_MIN.max(size(store));
    chart.row(
        "disk",
        &folder.display(),
        if enough { "has room" } else { "nearly full" },
    );
    if !enough {
        chart.findings.push(Finding::warning(
            "disk-nearly-full",
            format!("The disk of {} has {} left.", store.display(), mb(room)),
            "Make room, or lower [recording] keep_mb. A full disk fails passes and turns webhooks away; it damages nothing.",
        ));
    }
}

/// Others on this machine could read stock figures and the buyers of orders.
fn open_to_others(path: &Path) -> Option<Finding> {
    let mode = fs::metadata(path).ok()?.permissions().mode();
    let wanted = if path.is_dir() { 700 } else { 600 };
    (mode & 0o077 != 0).then(|| {
        Finding::warning(
            "open-to-others",
            format!("Others on this machine can reach into {}.", path.display()),
            format!(
                "Run `chmod {wanted} {}`; it holds stock figures, and who ordered.",
                path.display()
            ),
        )
    })
}

/// What is there and cannot be written by this user, though a pass has to.
fn closed(path: &Path) -> Option<Finding> {
    let needed = match path.is_dir() {
        true => Access::WRITE_OK | Access::EXEC_OK,
        false => Access::WRITE_OK,
    };
    let error = access(path, needed).err().filter(|_| path.exists())?;
    Some(Finding::error(
        "not-writable",
        format!("{} cannot be written: {error}.", path.display()),
        "Give it to the user that runs atsync, and let that user write it (`chown`, `chmod u+rwX`). Under systemd it \
         has to be among ReadWritePaths.",
    ))
}

/// Bytes of a file, or of all files below a folder.
pub fn size(path: &Path) -> u64 {
    let Ok(metadata) = fs::metadata(path) else {
        return 0;
    };
    let Ok(entries) = fs::read_dir(path) else {
        return metadata.len();
    };
    entries.flatten().map(|entry| size(&entry.path())).sum()
}

/// `12 MB`, and `less than 1 MB` for anything small.
pub fn mb(bytes: u64) -> String {
    match bytes >> 20 {
        0 => "less than 1 MB".to_owned(),
        mb => format!("{mb} MB"),
    }
}

/// Where a file lies that may not be there yet: the nearest folder that is.
fn folder_of(file: &Path) -> PathBuf {
    let above = file
        .ancestors()
        .skip(1)
        .map(|folder| match folder.as_os_str() {
            here if here.is_empty() => Path::new("."),
            _ => folder,
        });
    let mut there = above.filter(|folder| folder.is_dir());
    there.next().unwrap_or(Path::new(".")).to_owned()
}
