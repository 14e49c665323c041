//! The files of a chart beside a site file: of its folder, of its archive, and of the archives in it. What cannot be read is left
//! to Helm, which says why.
use crate::workload::yaml::documents;
use flate2::read::GzDecoder;
use std::io::Read;
use std::path::Path;
use tar::Archive;

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

impl ChartFile {
    /// Whether it lies in the `crds` of its chart, which Helm brings to a cluster before it renders the templates.
    #[must_use]
    pub fn is_definition(&self) -> bool {
        let mut rest = self.path.as_str();
        while let Some((_, within)) = rest.strip_prefix("charts/").and_then(|chart| chart.split_once('/')) {
            rest = within;
        }
        rest.starts_with("crds/")
    }
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

/// What a chart says of itself in this member: its `name`, its `version`.
#[must_use]
pub fn own(member: &str, files: &[ChartFile]) -> Option<String> {
    let chart = files.iter().find(|file| file.path == "Chart.yaml")?;
    let (documents, _) = documents(&chart.text).ok()?;
    Some(documents.first()?.value[member].as_str()?.to_owned())
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
    for entry in Archive::new(tar.as_slice()).entries().into_iter().flatten() {
        let Ok(mut entry) = entry else { break };
        let (size, path) = (entry.size(), entry.path().map(|path| path.to_string_lossy().into_owned()));
        let mut content = vec![];
        // One that is cut off has no more.
        if entry.read_to_end(&mut content).is_err() || content.len() as u64 != size {
            break;
        }
        let path = path.ok().filter(|_| entry.header().entry_type().is_file());
        if let Some((_, path)) = path.as_deref().and_then(|path| path.trim_start_matches("./").split_once('/')) {
            keep(format!("{within}{path}"), &content, depth, files);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;
    use tar::{Builder, Header};

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        zipped(&unpacked(entries))
    }

    fn unpacked(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = Builder::new(vec![]);
        for (path, content) in entries {
            let mut header = Header::new_gnu();
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, path, *content).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn zipped(tar: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(vec![], Compression::fast());
        packed.write_all(tar).unwrap();
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
            assert_eq!(own("name", &files).as_deref(), Some("edge"), "{}", place.display());
            assert_eq!(own("version", &files).as_deref(), Some("1.2.3"));
        }
        for (path, expected) in [
            ("crds/a.yaml", true),
            ("charts/base-1.0.0.tgz/charts/inner/crds/a.yaml", true),
            ("templates/crds/a.yaml", false),
            ("charts/crds/a.yaml", false),
        ] {
            assert_eq!(ChartFile { path: path.into(), text: String::new() }.is_definition(), expected, "{path}");
        }
        std::fs::write(folder.path().join("no.tgz"), b"no archive").unwrap();
        assert!(files(&folder.path().join("no.tgz")).is_empty());
        let cut = zipped(&unpacked(&[("edge/cut", b"text")])[..512]);
        std::fs::write(folder.path().join("cut.tgz"), cut).unwrap();
        assert!(files(&folder.path().join("cut.tgz")).is_empty(), "one that ends early is not read beyond its end");
        let long = format!("edge/templates/{}.yaml", "a".repeat(150));
        std::fs::write(folder.path().join("long.tgz"), archive(&[(&long, b"a: 1")])).unwrap();
        assert_eq!(format!("edge/{}", files(&folder.path().join("long.tgz"))[0].path), long);
    }
}
