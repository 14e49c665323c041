//! The zip of a folder: entries in the order of their names, all of one time, with the modes of the files.
use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Writes the contents of `folder` to the new file `archive`. `at` is the time of every entry, in steps of two seconds.
///
/// # Errors
/// When the folder cannot be read, holds something that is neither file nor folder, or holds no file; when the archive
/// cannot be written; when `at` is before 1980 or after 2107, which a zip cannot say.
pub fn pack(folder: &Path, at: Timestamp, archive: &Path) -> Result<()> {
    let mut files = vec![];
    collect(folder, "", &mut files)?;
    ensure!(!files.is_empty(), "{} holds no file", folder.display());
    files.sort();
    let time = dos_time(at)?;
    let write = || -> Result<()> {
        let mut zip = ZipWriter::new(File::create(archive)?);
        for (name, path) in &files {
            let mut file = File::open(path).with_context(|| format!("failed to open {}", path.display()))?;
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                .compression_level(Some(9))
                .last_modified_time(time)
                .unix_permissions(file.metadata()?.permissions().mode() & 0o777);
            zip.start_file(name, options)?;
            io::copy(&mut file, &mut zip)?;
        }
        zip.finish()?;
        Ok(())
    };
    write().with_context(|| format!("failed to write {}", archive.display()))
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> Result<()> {
    let read = || format!("failed to read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(read)? {
        let entry = entry.with_context(read)?;
        let kind = entry.file_type().with_context(read)?;
        let Ok(name) = entry.file_name().into_string() else {
            bail!("{} is not a name in UTF-8", entry.path().display());
        };
        let name = format!("{prefix}{name}");
        if kind.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else if kind.is_file() {
            files.push((name, entry.path()));
        } else {
            bail!("{} is neither a file nor a folder", entry.path().display());
        }
    }
    Ok(())
}

/// The archive has no time zone: it is UTC here, wherever it is made.
fn dos_time(at: Timestamp) -> Result<DateTime> {
    let utc = TimeZone::UTC.to_datetime(at);
    let part = |value: i8| u8::try_from(value).context("a date's parts are positive");
    DateTime::from_date_and_time(
        u16::try_from(utc.year()).unwrap_or_default(),
        part(utc.month())?,
        part(utc.day())?,
        part(utc.hour())?,
        part(utc.minute())?,
        part(utc.second())?,
    )
    .ok()
    .with_context(|| format!("{at} is no time for a zip: expected one from 1980 to 2107"))
}
