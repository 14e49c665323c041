//! Reads real manifests as the product does, and as the `kubectl` of this machine does, and compares: whatever it would
//! send, we send. `cargo run -p bluegreen-core --example real_manifests -- FOLDER…`; fails when anything differs.
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]
use bluegreen_core::workload::desk::{Desk, File, Finding, Weight, judge};
use bluegreen_core::workload::manifests::Placeholders;
use bluegreen_core::workload::manifests::read;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// The label with which `kubectl` is made to read and print what it would send, without a server.
const LABEL: &str = "real-manifests/read";

#[derive(Default)]
struct Counts {
    alike: usize,
    objects: usize,
    refused_by_both: usize,
    others: usize,
    differ: usize,
    findings: usize,
}

fn main() -> ExitCode {
    let mut files = vec![];
    std::env::args_os().skip(1).for_each(|folder| collect(Path::new(&folder), &mut files));
    files.sort();
    let mut counts = Counts::default();
    for path in &files {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        compare(path, &text, &mut counts);
    }
    let Counts { alike, objects, refused_by_both, others, differ, findings } = counts;
    println!("{} files: {alike} alike ({objects} objects), {refused_by_both} refused by both", files.len());
    println!("{others} are no manifests, {differ} differ; {findings} findings that would refuse a publication");
    ExitCode::from(u8::from(differ > 0 || alike == 0))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(path) else { return files.push(path.into()) };
    for entry in entries.flatten() {
        let path = entry.path();
        // What projects keep to test their own readers with is broken on purpose.
        if path.is_dir() && !path.ends_with("testdata") {
            collect(&path, files);
        } else if path.is_file() && path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
        {
            files.push(path);
        }
    }
}

fn compare(path: &Path, text: &str, counts: &mut Counts) {
    // Templates, values and other programs' files are no manifests.
    if !text.lines().any(|line| line.starts_with("apiVersion:")) || text.contains("{{") {
        counts.others += 1;
        return;
    }
    let name = path.display();
    match (read(text), by_kubectl(text)) {
        (Err(_), Err(_)) => counts.refused_by_both += 1,
        (Ok((ours, _)), Ok(theirs)) => {
            let ours: Vec<_> = ours.into_iter().map(|placed| placed.value).collect();
            if ours == theirs {
                counts.alike += 1;
                counts.objects += ours.len();
                judged(path, text, counts);
            } else {
                counts.differ += 1;
                let first = ours.iter().zip(&theirs).find(|(one, other)| one != other);
                println!("{name}: {} objects, and {} of kubectl; {}", ours.len(), theirs.len(), shown(first));
            }
        }
        (Ok(_), Err(_)) if !refused(&name.to_string(), text).is_empty() => counts.refused_by_both += 1,
        (Ok(_), Err(why)) => {
            counts.differ += 1;
            println!("{name}: read, but kubectl says {why}");
        }
        (Err(why), Ok(theirs)) => {
            counts.differ += 1;
            println!("{name}: {why}, but kubectl reads {} objects", theirs.len());
        }
    }
}

fn shown(first: Option<(&Value, &Value)>) -> String {
    let cut = |value: &Value| value.to_string().chars().take(400).collect::<String>();
    first.map_or_else(String::new, |(ours, theirs)| format!("\n  ours   {}\n  theirs {}", cut(ours), cut(theirs)))
}

/// What would keep this file from being published, for people to look at.
fn judged(path: &Path, text: &str, counts: &mut Counts) {
    for finding in refused(&path.display().to_string(), text) {
        counts.findings += 1;
        println!("  would refuse {finding}");
    }
}

fn refused(name: &str, text: &str) -> Vec<Finding> {
    let file = File { name, text: Ok(text), placeholders: false };
    let mut findings = judge(
        &[file],
        Desk {
            versions: &[],
            secrets: true,
            placeholders: &Placeholders::default(),
            singletons: &[],
            published: false,
        },
    )
    .1;
    findings.retain(|finding| finding.weight == Weight::Refuses);
    findings
}

fn by_kubectl(text: &str) -> Result<Vec<Value>, String> {
    let mut child = Command::new("kubectl")
        .args(["label", "--local", "--overwrite", "-f", "-", "-o", "json", &format!("{LABEL}=1")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("kubectl does not start: {error}"))?;
    let mut input = child.stdin.take().ok_or("kubectl has no input")?;
    let text = text.to_owned();
    let writes = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    drop(writes.join());
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(said.lines().next().unwrap_or("nothing").chars().take(200).collect());
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    let objects = serde_json::Deserializer::from_str(&printed).into_iter::<Value>();
    let mut all = vec![];
    for object in objects {
        let object = object.map_err(|error| format!("no JSON: {error}"))?;
        // JSON is YAML: what a server fills in is left out of theirs as of ours.
        let (read, _) = read(&object.to_string()).map_err(|notice| notice.to_string())?;
        all.extend(read.into_iter().map(|placed| without_label(placed.value)));
    }
    Ok(all)
}

fn without_label(mut object: Value) -> Value {
    let Some(metadata) = object["metadata"].as_object_mut() else { return object };
    let labels = metadata.get_mut("labels").and_then(Value::as_object_mut);
    let is_empty = labels.is_some_and(|labels| labels.shift_remove(LABEL).is_some() && labels.is_empty());
    if is_empty {
        metadata.shift_remove("labels");
    }
    object
}
