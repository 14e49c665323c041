//! The files of a release: the same bytes each time, nothing lost, nothing that does not belong.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]
use jiff::Timestamp;
use packaging::bill::{self, Build};
use packaging::{archive, crates, digests};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use zip::ZipArchive;

fn at() -> Timestamp {
    "2026-11-26T20:15:30Z".parse().unwrap()
}

fn write(folder: &Path, name: &str, text: &str, mode: u32) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_zip_has_the_modes_and_the_order_of_names_and_is_the_same_whoever_wrote_the_files_and_when() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let files = [("host.json", "{}", 0o644), ("bluegreen", "#!/bin/sh\n", 0o755), ("Soak/function.json", "{}", 0o644)];
    for (name, text, mode) in files {
        write(&one, name, text, mode);
    }
    for (name, text, mode) in files.into_iter().rev() {
        write(&other, name, text, mode);
    }
    let long_ago = std::time::UNIX_EPOCH;
    File::options().write(true).open(other.join("host.json")).unwrap().set_modified(long_ago).unwrap();
    let zips = [one, other].map(|files| {
        let zip = files.with_extension("zip");
        archive::pack(&files, at(), &zip).unwrap();
        zip
    });
    assert_eq!(fs::read(&zips[0]).unwrap(), fs::read(&zips[1]).unwrap());

    let mut zip = ZipArchive::new(File::open(&zips[0]).unwrap()).unwrap();
    let entries: Vec<_> = (0..zip.len())
        .map(|index| {
            let entry = zip.by_index(index).unwrap();
            assert_eq!(entry.last_modified().unwrap().to_string(), "2026-11-26 20:15:30");
            (entry.name().unwrap().into_owned(), entry.unix_mode().unwrap() & 0o777)
        })
        .collect();
    let expected = [("Soak/function.json", 0o644), ("bluegreen", 0o755), ("host.json", 0o644)];
    assert_eq!(entries, expected.map(|(name, mode)| (name.to_owned(), mode)));
}

#[test]
fn what_a_zip_cannot_hold_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (files, zip) = (folder.path().join("files"), folder.path().join("zip"));
    fs::create_dir(&files).unwrap();
    let said = |at| format!("{:#}", archive::pack(&files, at, &zip).unwrap_err());
    assert!(said(at()).contains("holds no file"), "{}", said(at()));
    write(&files, "host.json", "{}", 0o644);
    assert!(said(Timestamp::UNIX_EPOCH).contains("expected one from 1980"), "{}", said(Timestamp::UNIX_EPOCH));
    std::os::unix::fs::symlink("host.json", files.join("link")).unwrap();
    assert!(said(at()).contains("link is neither a file nor a folder"), "{}", said(at()));
}

#[test]
fn the_bill_names_every_crate_of_the_deployed_shape_and_only_those() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let target = "x86_64-unknown-linux-musl";
    let crates = crates::of(root, "aks-bluegreen", target).unwrap();
    let build = Build { at: at(), target: target.to_owned(), executable: "ab".repeat(32), tools: vec![] };
    let document = bill::of(&crates, &build);
    assert_eq!(document, bill::of(&crates, &build));

    let components = document["components"].as_array().unwrap();
    let scope = |name: &str| components.iter().find(|it| it["name"] == name).map(|it| it["scope"].as_str().unwrap());
    for linked in ["axum", "kube", "mimalloc", "ring", "rustls"] {
        assert_eq!(scope(linked), Some("required"), "{linked}");
    }
    for building in ["cc", "serde_derive"] {
        assert_eq!(scope(building), Some("excluded"), "{building}");
    }
    for elsewhere in ["simulated-azure", "indicatif", "packaging", "windows-sys"] {
        assert_eq!(scope(elsewhere), None, "{elsewhere}");
    }
    for component in components {
        assert!(component["licenses"][0]["expression"].is_string(), "a licence of {component}");
        // Our own crates are in no registry: their source is the product's.
        let digest = component["hashes"][0]["content"].as_str().map(str::len);
        let is_own = ["bluegreen-core", "kinds"].iter().any(|own| component["name"] == *own);
        assert_eq!(digest, (!is_own).then_some(64), "{component}");
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut refs: BTreeSet<_> = components.iter().map(|it| text(&it["bom-ref"])).collect();
    assert_eq!(refs.len(), components.len());
    refs.insert(text(&document["metadata"]["component"]["bom-ref"]));
    let dependencies = document["dependencies"].as_array().unwrap();
    assert_eq!(dependencies.iter().map(|it| text(&it["ref"])).collect::<BTreeSet<_>>(), refs);
    assert!(dependencies.iter().flat_map(|it| it["dependsOn"].as_array().unwrap()).all(|on| refs.contains(&text(on))));
}

#[test]
fn digests_are_in_the_form_of_sha256sum() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "b", "abc", 0o644);
    write(folder.path(), "a", "", 0o644);
    digests::write(folder.path(), &["b".to_owned(), "a".to_owned()]).unwrap();
    assert_eq!(
        fs::read_to_string(folder.path().join(digests::NAME)).unwrap(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n\
         ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b\n"
    );
}
