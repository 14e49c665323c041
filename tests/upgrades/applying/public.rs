//! Files of public projects, as they publish them, are applied by an upgrade. `.ci/real-manifests` fetches them.
use super::{ends, minutes_at, upgraded};
use crate::{quick, story};
use bluegreen::local::shop::{Options, Shop};
use bluegreen::site::{Manifest, Site};
use bluegreen::step::Step;
use bluegreen::workload::manifests::read;
use http::Method;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The folder with one folder for each project.
const PROJECTS: &str = "BLUEGREEN_PROJECTS";

#[test]
#[ignore = "needs files of public projects: .ci/real-manifests fetches them, and runs this"]
#[expect(clippy::disallowed_methods, reason = "which files are tried is no setting of the product")]
fn files_of_public_projects_are_applied() {
    let folder = std::env::var_os(PROJECTS).expect("BLUEGREEN_PROJECTS names a folder of projects");
    let projects = entries(Path::new(&folder));
    assert!(!projects.is_empty(), "no projects");
    for project in projects {
        let name = project.file_name().unwrap().to_string_lossy().into_owned();
        let texts = read_all(&project);
        story(async || {
            let shop = of(&texts).await;
            let run = ends(&shop).await;
            let wanted: usize = texts.values().map(|text| read(text).unwrap().0.len()).sum();
            let applied: BTreeSet<_> = {
                let world = shop.azure.world();
                let to_green =
                    world.calls.iter().filter(|call| call.method == Method::PATCH && call.host.contains("azmk8s"));
                to_green.map(|call| call.path.clone()).collect()
            };
            println!(
                "{name}: {} files, {wanted} objects, {} min",
                texts.len(),
                minutes_at(&run, Step::InstallControllers)
            );
            upgraded(&run);
            assert!(applied.len() >= wanted, "{name}: {} of {wanted} were applied", applied.len());
        });
    }
}

/// The files of a folder, by their names.
pub fn read_all(folder: &Path) -> BTreeMap<String, String> {
    let files = entries(folder).into_iter().map(|file| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(file).unwrap())
    });
    files.collect()
}

/// What lies in a folder, in the order of names.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = all.collect();
    all.sort();
    all
}

/// A shop whose first controllers are these files.
pub async fn of(files: &BTreeMap<String, String>) -> Shop {
    let shop = Shop::open(&Options { probe: false, ..Options::default() }, quick).unwrap();
    let first = files.keys().map(|file| Manifest { placeholders: false, ..Manifest::of_file(file) });
    let controllers = first.chain(shop.site.controllers.iter().cloned()).collect();
    let site = Site { controllers, manifests_hold_secrets: true, ..shop.site.clone() };
    let example = |file: &str| std::fs::read_to_string(format!("{}/examples/shop/{file}", env!("CARGO_MANIFEST_DIR")));
    let read = |file: &str| files.get(file).map_or_else(|| Ok(example(file)?), |text| Ok(text.clone()));
    shop.operator.store.publish(site, read).await.unwrap();
    shop
}
