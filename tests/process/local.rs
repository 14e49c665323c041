//! `bluegreen local`: everything in it is a real process, a real socket, a real file.
mod endings;
mod keeping;
mod leaving;
mod refusals;

use crate::child::{program, signal, text, within};
use serde_json::Value;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command};
use tempfile::TempDir;

/// Whatever is waited for comes within so many seconds on a busy machine.
const PATIENCE: u64 = 120;

/// One that runs; it is killed at the end of the test.
struct Running {
    child: Child,
    /// Its data folder.
    data: PathBuf,
    /// What holds that folder, and what was printed.
    folder: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        Self::start_as(program(&["local"], &[]), arguments)
    }

    /// Starts this program with these arguments, and a data folder that is still to be made.
    fn start_as(mut program: Command, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        program.args(arguments).arg("--data").arg(&data);
        program.stdout(File::create(folder.path().join("stdout")).unwrap());
        program.stderr(File::create(folder.path().join("stderr")).unwrap());
        Self { child: program.spawn().unwrap(), data, folder }
    }

    /// Waits until everything answers: where it all is.
    async fn ready(&self) -> Value {
        let endpoints = self.data.join("endpoints.json");
        within(PATIENCE, || endpoints.exists()).await;
        serde_json::from_slice(&std::fs::read(endpoints).unwrap()).unwrap()
    }

    fn printed(&self, stream: &str) -> String {
        text(&std::fs::read(self.folder.path().join(stream)).unwrap())
    }

    fn signal(&self, name: &str) {
        signal(name, self.child.id());
    }

    /// Waits for its end: the exit status, `None` after a signal that it could not take.
    async fn ends(&mut self) -> Option<i32> {
        let mut status = None;
        within(PATIENCE, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.unwrap().code()
    }

    /// The processes that it has started and that live.
    fn children(&self) -> Vec<u32> {
        let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let process: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
            // The name, which may hold anything, ends with the last bracket.
            let mut fields = stat.rsplit(')').next()?.split_whitespace();
            let lives = fields.next()? != "Z";
            (fields.next()?.parse() == Ok(self.child.id()) && lives).then_some(process)
        });
        processes.collect()
    }
}
