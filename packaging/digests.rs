//! `SHA256SUMS`, in the form that `sha256sum --check` reads.
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

/// The file's name.
pub const NAME: &str = "SHA256SUMS";

/// The SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// When it cannot be read.
pub fn of(file: &Path) -> Result<String> {
    let read = || format!("failed to read {}", file.display());
    let mut digest = Sha256::new();
    let mut file = fs::File::open(file).with_context(read)?;
    io::copy(&mut file, &mut Hashing(&mut digest)).with_context(read)?;
    Ok(digest.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Writes the digests of these files of `folder`, in the order of their names.
///
/// # Errors
/// When a file cannot be read, or the list not be written.
pub fn write(folder: &Path, names: &[String]) -> Result<()> {
    let mut names = names.to_vec();
    names.sort();
    let lines: Result<String> = names.iter().map(|name| Ok(format!("{}  {name}\n", of(&folder.join(name))?))).collect();
    let list = folder.join(NAME);
    fs::write(&list, lines?).with_context(|| format!("failed to write {}", list.display()))
}

struct Hashing<'a>(&'a mut Sha256);

impl io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
