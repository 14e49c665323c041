//! Arrows between the rooms go one way: each uses those before it, as docs/design.md lists them.
use std::path::{Path, PathBuf};

const RULES: (&str, &[&str]) = ("handlers/core", &["text", "step", "resources", "workload", "site", "plan", "run"]);
const HANDLERS: (&str, &[&str]) = ("handlers", &["process", "azure", "store", "steps", "functions", "survey", "cli"]);

/// The files of a room.
fn files(house: &Path, room: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (vec![house.join(format!("{room}.rs"))], vec![house.join(room)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn no_room_uses_one_that_comes_after_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let design = std::fs::read_to_string(root.join("docs/design.md")).unwrap();
    let mut wrong = vec![];
    for (house, rooms) in [RULES, HANDLERS] {
        for (at, room) in rooms.iter().enumerate() {
            assert!(design.contains(&format!("`{room}`")), "docs/design.md does not list {room}");
            let files = files(&root.join(house), room);
            assert!(!files.is_empty(), "{house}/{room}");
            for file in files {
                let text = std::fs::read_to_string(&file).unwrap();
                let later = rooms[at + 1..].iter().filter(|later| text.contains(&format!("crate::{later}::")));
                wrong.extend(later.map(|later| format!("{} uses {later}", file.display())));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
