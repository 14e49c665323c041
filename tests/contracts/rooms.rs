//! Arrows between the rooms go one way: each uses those before it, as docs/design.md lists them. So in the simulation.
use std::path::{Path, PathBuf};

const RULES: (&str, &[&str]) = ("handlers/core", &["text", "step", "resources", "workload", "site", "plan", "run"]);
const HANDLERS: (&str, &[&str]) = ("handlers", &["process", "azure", "store", "steps", "functions", "survey", "cli"]);
/// The rooms of the simulation, from the ground up.
const SIMULATION: [&str; 25] = [
    "ids",
    "clock",
    "answer",
    "cloud",
    "hosts",
    "process",
    "record",
    "latency",
    "faults",
    "entra",
    "publishing",
    "blobs",
    "service_bus",
    "kubernetes",
    "resource_manager",
    "traffic",
    "book",
    "world",
    "router",
    "azure",
    "article",
    "prober",
    "functions_host",
    "doors",
    "data_plane",
];

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

/// What a text takes from its own crate: the first name of each path. Comments may name what they like.
fn taken(text: &str) -> Vec<&str> {
    let mut found = vec![];
    let parts = text.split("crate::").scan("", |before, part| Some((std::mem::replace(before, part), part))).skip(1);
    for (before, rest) in parts {
        if before.rsplit('\n').next().is_some_and(|line| line.trim_start().starts_with("//")) {
            continue;
        }
        let Some(group) = rest.strip_prefix('{') else {
            found.extend(rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next());
            continue;
        };
        let (mut depth, mut begin) = (0, 0);
        for (at, letter) in group.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    found.extend(group[begin..at].trim().split("::").next());
                    begin = at + 1;
                    if letter == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// Where a name of the crate comes from: a room, or what the crate shows of one.
fn room_of<'a>(shown: &[(&'a str, &'a str)], name: &'a str) -> &'a str {
    shown.iter().find(|(of, _)| *of == name).map_or(name, |(_, room)| room)
}

#[test]
fn no_room_of_the_simulation_uses_one_above_it() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("simulation");
    let lib = std::fs::read_to_string(house.join("lib.rs")).unwrap();
    let lines = lib.lines().filter_map(|line| line.strip_prefix("pub use ")?.strip_suffix(';')?.split_once("::"));
    let shown: Vec<_> = lines
        .flat_map(|(room, names)| names.trim_matches(['{', '}']).split(", ").map(move |name| (name, room)))
        .collect();
    assert!(shown.contains(&("SimulatedAzure", "azure")), "{shown:?}");
    let all = lib.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'));
    for room in all {
        assert!(SIMULATION.contains(&room), "{room} has no place");
    }
    let mut wrong = vec![];
    for (at, room) in SIMULATION.iter().enumerate() {
        for file in files(&house, room).into_iter().filter(|file| !file.ends_with("tests.rs")) {
            let text = std::fs::read_to_string(&file).unwrap();
            for name in taken(&text) {
                let used = room_of(&shown, name);
                if SIMULATION[at + 1..].contains(&used) {
                    wrong.push(format!("{} uses {used}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
