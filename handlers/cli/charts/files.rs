//! The files of a chart beside a site file: of its folder, of its archive, and of the archives in it. What cannot be read is left
//! to Helm, which says why.
use crate::workload::yaml::documents;
use flate2::read::GzDecoder;
use std::io::Read;
use std::path::Path;

/// An archive comes to no more bytes, a chart has no more files, and no chart lies deeper in others.
const LARGEST: u64 = 64 * 1024 * 1024;
const MOST: usize = 10_000;
const DEEPEST: usize = 8;

/// A file of a chart.
pub struct ChartFile {
    /// Its path in the chart; of an archive in it behind that one's.
    pub path: String,
    /// Its text; nothing, where it is none.
    pub text: String,
}

/// Those of the chart in this folder or archive.
#[must_use]
pub fn files(chart: &Path) -> Vec<ChartFile> {
    let mut files = vec![];
    if chart.is_dir() {
        of_folder(chart, "", 0, &mut files);
    } else if let Ok(bytes) = std::fs::read(chart) {
        // The first part of each path is the chart's own folder.
        of_archive(&bytes, "", 0, &mut files);
    }
    files
}

/// The name that a chart gives itself.
#[must_use]
pub fn own_name(files: &[ChartFile]) -> Option<String> {
    let chart = files.iter().find(|file| file.path == "Chart.yaml")?;
    let (documents, _) = documents(&chart.text).ok()?;
    Some(documents.first()?.value["name"].as_str()?.to_owned())
}

fn of_folder(folder: &Path, within: &str, depth: usize, files: &mut Vec<ChartFile>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
        let path = format!("{within}{name}");
        if kind.is_dir() && depth < DEEPEST {
            of_folder(&entry.path(), &format!("{path}/"), depth + 1, files);
        } else if kind.is_file()
            && let Ok(bytes) = std::fs::read(entry.path())
        {
            keep(path, &bytes, depth, files);
        }
    }
}

fn keep(path: String, bytes: &[u8], depth: usize, files: &mut Vec<ChartFile>) {
    if path.ends_with(".tgz") && path.split('/').rev().nth(1) == Some("charts") && depth < DEEPEST {
        of_archive(bytes, &format!("{path}/"), depth + 1, files);
    } else if files.len() < MOST {
        files.push(ChartFile { path, text: String::from_utf8(bytes.to_vec()).unwrap_or_default() });
    }
}

fn of_archive(bytes: &[u8], within: &str, depth: usize, files: &mut Vec<ChartFile>) {
    let mut tar = vec![];
    if GzDecoder::new(bytes).take(LARGEST).read_to_end(&mut tar).is_err() {
        return;
    }
    for (path, content) in entries(&tar) {
        if let Some((_, path)) = path.trim_start_matches("./").split_once('/') {
            keep(format!("{within}{path}"), content, depth, files);
        }
    }
}

const BLOCK: usize = 512;

/// The regular files of a tar archive, as far as it can be read.
/// <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13>
fn entries(tar: &[u8]) -> Vec<(String, &[u8])> {
    let (mut found, mut rest, mut named) = (vec![], tar, None);
    while let Some((header, behind)) = rest.split_at_checked(BLOCK) {
        let text = |from: usize, to: usize| {
            let field = header[from..to].split(|byte| *byte == 0).next().unwrap_or_default();
            String::from_utf8_lossy(field).trim().to_owned()
        };
        let Ok(size) = usize::from_str_radix(&text(124, 136), 8) else { break };
        let Some(content) = behind.get(..size) else { break };
        match header[156] {
            // A longer name than a header has room for, as GNU's tar and as pax write it.
            b'L' => named = Some(String::from_utf8_lossy(content).trim_end_matches('\0').to_owned()),
            b'x' => named = path_in(content).or(named),
            b'0' | 0 => {
                let prefix = if text(257, 262) == "ustar" { text(345, 500) } else { String::new() };
                let short = if prefix.is_empty() { text(0, 100) } else { format!("{prefix}/{}", text(0, 100)) };
                found.push((named.take().unwrap_or(short), content));
            }
            _ => named = None,
        }
        let Some(next) = behind.get(size.div_ceil(BLOCK) * BLOCK..) else { break };
        rest = next;
    }
    found
}

/// The path in a record of pax: `<length> path=<path>` and a line's end.
fn path_in(record: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(record);
    text.lines().find_map(|line| Some(line.split_once(" path=")?.1.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn entry(path: &str, content: &[u8]) -> Vec<u8> {
        let mut header = [0_u8; BLOCK];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[156] = b'0';
        let mut bytes = [&header[..], content].concat();
        bytes.resize(bytes.len().div_ceil(BLOCK) * BLOCK, 0);
        bytes
    }

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar: Vec<u8> = entries.iter().flat_map(|(path, content)| entry(path, content)).collect();
        tar.extend([0; 2 * BLOCK]);
        let mut packed = GzEncoder::new(vec![], Compression::fast());
        packed.write_all(&tar).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn an_archive_is_read_as_its_folder_would_be() {
        let inner = archive(&[("base/Chart.yaml", b"name: base"), ("base/templates/b.yaml", b"{{ lookup }}")]);
        let chart: [(&str, &[u8]); 3] = [
            ("edge/Chart.yaml", b"apiVersion: v2\nname: \"edge\" # its own\nversion: 1.2.3\n"),
            ("edge/templates/a.yaml", b"a: 1"),
            ("edge/charts/base-1.0.0.tgz", &inner),
        ];
        let folder = tempfile::tempdir().unwrap();
        let packed = folder.path().join("edge-v1.2.3.tgz");
        std::fs::write(&packed, archive(&chart)).unwrap();
        for (path, content) in chart {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        for place in [packed, folder.path().join("edge")] {
            let mut files = files(&place);
            files.sort_by(|one, other| one.path.cmp(&other.path));
            let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
            let within = ["charts/base-1.0.0.tgz/Chart.yaml", "charts/base-1.0.0.tgz/templates/b.yaml"];
            assert_eq!(paths, [&["Chart.yaml"], &within[..], &["templates/a.yaml"]].concat(), "{}", place.display());
            assert_eq!(own_name(&files).as_deref(), Some("edge"), "{}", place.display());
        }
        std::fs::write(folder.path().join("no.tgz"), b"no archive").unwrap();
        assert!(files(&folder.path().join("no.tgz")).is_empty());
        assert!(
            entries(&entry("edge/cut", b"text")[..BLOCK]).is_empty(),
            "one that ends early is not read beyond its end"
        );
    }
}
