//! The documents as a book: every page is in the contents, every link leads somewhere, and the front page is short.
use crate::agreement::{read, root};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every page, by its path from the root.
fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()];
    for folder in ["docs", "docs/decisions"] {
        let files = std::fs::read_dir(root().join(folder)).unwrap();
        let names = files.filter_map(|file| file.unwrap().file_name().into_string().ok());
        pages.extend(names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")));
    }
    pages
}

/// The lines of a page that are no block of code.
fn prose(page: &str) -> Vec<String> {
    let mut is_block = false;
    let text = read(page);
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_block ^= is_fence;
        !is_block && !is_fence
    });
    lines.map(str::to_owned).collect()
}

/// The targets of a page's links and pictures.
fn links(page: &str) -> Vec<String> {
    let text = prose(page).join("\n");
    // What stands between backticks is shown, not linked; an empty code span keeps the brackets apart.
    let text: String = text.split('`').step_by(2).collect::<Vec<_>>().join("``");
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// The anchors of a page, as GitHub makes them of its headings.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for heading in prose(page).iter().filter(|line| line.starts_with('#')) {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let text: String = text.split("](").map(|part| part.split_once(')').map_or(part, |(_, rest)| rest)).collect();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let mut name = anchor.clone();
        for number in 1.. {
            if anchors.insert(name.clone()) {
                break;
            }
            name = format!("{anchor}-{number}");
        }
    }
    anchors
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let (mut looked_at, mut wrong) = (0, vec![]);
    for page in pages() {
        let folder = Path::new(&page).parent().map_or_else(PathBuf::new, Path::to_owned);
        for target in links(&page).into_iter().filter(|target| !target.contains("://")) {
            looked_at += 1;
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = if path.is_empty() { page.clone() } else { folder.join(path).display().to_string() };
            if !root().join(&file).exists() {
                wrong.push(format!("{page}: {target}: there is no {file}"));
            } else if !anchor.is_empty() && file.ends_with(".md") && !anchors(&file).contains(anchor) {
                wrong.push(format!("{page}: {target}: {file} has no such heading"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(looked_at > 100, "only {looked_at} links were looked at");
}

/// The files below a folder whose text may name pages.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path
            .extension()
            .is_none_or(|ending| ["rs", "bicep", "sh", "yml", "toml"].iter().any(|it| ending == *it))
        {
            found.push(path);
        }
    }
}

#[test]
fn every_page_that_the_code_names_is_there() {
    let (mut files, mut looked_at) = (vec![root().join("Cargo.toml")], 0);
    for folder in ["handlers", "simulation", "packaging", "infra", ".ci", ".github", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        // Not pages of others, whose addresses have something before it.
        let named = text
            .match_indices("docs/")
            .filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '/'));
        for (at, _) in named {
            let name: String = text[at..].chars().take_while(|c| c.is_alphanumeric() || "/._-".contains(*c)).collect();
            let name = name.trim_end_matches('.');
            if [".md", ".json", ".svg"].iter().any(|ending| name.ends_with(ending)) {
                looked_at += 1;
                assert!(root().join(name).is_file(), "{}: there is no {name}", file.display());
            }
        }
    }
    assert!(looked_at > 20, "only {looked_at} names were looked at");
}

#[test]
fn every_page_is_in_the_contents_once() {
    let listed: Vec<_> = links("docs/README.md").into_iter().filter(|link| !link.contains('#')).collect();
    for page in pages().iter().filter_map(|page| page.strip_prefix("docs/")) {
        if page == "README.md" || (page.starts_with("decisions/") && page != "decisions/README.md") {
            continue;
        }
        // The introduction may point at one of them, too.
        assert!(listed.iter().any(|link| link == page), "docs/README.md does not list {page}");
    }
    assert!(links("README.md").iter().any(|link| link == "docs/README.md"), "the front page links the contents");
}

#[test]
fn the_front_page_is_short_and_says_first_whom_it_is_for() {
    let page = read("README.md");
    let words = page.split_whitespace().count();
    assert!(words <= 500, "README.md has {words} words; the book is the place for more");
    let link = page.find("docs/fit.md").unwrap();
    assert!(page[..link].lines().count() <= 5, "whom it is for stands in the first lines");
    assert!(page.contains("](docs/upgrade.svg)"), "the front page shows an upgrade");
}

#[test]
fn a_release_has_the_executable_with_local_for_every_system() {
    let workflow = read(".github/workflows/release.yml");
    let job = workflow.split_once("\n  local:\n").expect("the workflow has the job local").1;
    let job = job.split_once("\n  publish:\n").expect("it is published after that").0;
    let release = read("docs/release.md");
    for target in ["x86_64-unknown-linux-musl", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"] {
        assert!(job.contains(&format!("target: {target}")), "{target} is not built");
        assert!(release.contains(target), "docs/release.md does not name {target}");
    }
    assert!(job.contains("--features local"), "with the simulated Azure");
    let published = workflow.split_once("\n  publish:\n").unwrap().1;
    assert!(published.contains("needs: [check, build, local]"), "nothing is published without them");
    // Each is attested like the package.
    assert!(published.contains("pattern: local-*") && published.contains("local/SHA256SUMS.local"), "{published}");
}
