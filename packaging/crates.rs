//! The crates that are compiled into the executable, as cargo tells them.
use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// A crate's name and version.
pub type Id = (String, String);

/// One crate of the build.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Crate {
    /// Its licence as an SPDX expression; empty when it names none.
    pub licence: String,
    /// Where its source is kept; empty when it names none.
    pub repository: String,
    /// The crates that it depends on directly.
    pub needs: BTreeSet<Id>,
    /// Its code is in the executable: it is more than a macro or a part of the build.
    pub linked: bool,
    /// The SHA-256 of its package in the registry; crates of this workspace have none.
    pub digest: Option<String>,
}

/// All crates of a build, with the product itself.
#[derive(Clone, Debug)]
pub struct Crates {
    /// The product.
    pub root: Id,
    /// By name and version.
    pub all: BTreeMap<Id, Crate>,
}

/// Asks cargo about the deployed shape of `package` (no default features) for a target. `root` is the workspace.
///
/// # Errors
/// When cargo cannot tell, or says something else than expected.
pub fn of(root: &Path, package: &str, target: &str) -> Result<Crates> {
    let everything = tree(root, package, target, "normal,build")?;
    let linked = tree(root, package, target, "normal,no-proc-macro")?;
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).context("failed to read Cargo.lock")?;
    let (product, mut all) = parse(&everything)?;
    let (_, linked) = parse(&linked)?;
    let digests = digests(&lock);
    for (id, one) in &mut all {
        one.linked = linked.contains_key(id);
        one.digest = digests.get(id).cloned();
    }
    Ok(Crates { root: product, all })
}

fn tree(root: &Path, package: &str, target: &str, edges: &str) -> Result<String> {
    let output = Command::new("cargo")
        .current_dir(root)
        .args(["tree", "--locked", "--no-default-features", "--prefix", "depth"])
        .args(["--package", package, "--target", target, "--edges", edges, "--format", " {p}|{l}|{r}"])
        .output()
        .context("failed to start cargo")?;
    ensure!(output.status.success(), "cargo tree failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    String::from_utf8(output.stdout).context("cargo tree said something else than text")
}

/// Lines of the form `2 name v1.2.3 (proc-macro)|MIT|https://…`, each with its depth. A crate that came before comes
/// again without the crates that it needs.
fn parse(tree: &str) -> Result<(Id, BTreeMap<Id, Crate>)> {
    let mut above: Vec<Id> = vec![];
    let mut all: BTreeMap<Id, Crate> = BTreeMap::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let unexpected = || format!("cargo tree said {line:?}: expected depth, name, version, licence and repository");
        let (depth, rest) = line.split_once(' ').with_context(unexpected)?;
        let depth: usize = depth.parse().ok().with_context(unexpected)?;
        let mut parts = rest.split('|');
        let (Some(package), Some(licence), Some(repository)) = (parts.next(), parts.next(), parts.next()) else {
            anyhow::bail!(unexpected());
        };
        let mut words = package.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next().and_then(|word| word.strip_prefix('v'))) else {
            anyhow::bail!(unexpected());
        };
        let id = (name.to_owned(), version.to_owned());
        ensure!(depth <= above.len(), unexpected());
        above.truncate(depth);
        if let Some(parent) = above.last() {
            all.entry(parent.clone()).or_default().needs.insert(id.clone());
        }
        let one = all.entry(id.clone()).or_default();
        // Before SPDX expressions, a slash stood for "or".
        one.licence = licence.trim_end_matches(" (*)").replace('/', " OR ");
        one.repository = repository.trim_end_matches("(*)").trim().to_owned();
        above.push(id);
    }
    Ok((above.into_iter().next().context("cargo tree said nothing")?, all))
}

fn digests(lock: &str) -> BTreeMap<Id, String> {
    let value = |block: &str, key: &str| {
        block
            .lines()
            .find_map(|line| Some(line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned()))
    };
    let package = |block| Some(((value(block, "name")?, value(block, "version")?), value(block, "checksum")?));
    lock.split("[[package]]").filter_map(package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str, version: &str) -> Id {
        (name.to_owned(), version.to_owned())
    }

    #[test]
    fn a_crate_keeps_what_it_needs_when_it_comes_again() {
        let tree = "0 app v1.0.0 (/somewhere)|MIT|\n1 a v0.1.0 (proc-macro)|MIT/Apache-2.0|https://a\n2 b v2.0.0|Zlib|\n\
                    1 c v3.0.0|MIT|\n2 a v0.1.0 (proc-macro)|MIT/Apache-2.0|https://a (*)\n";
        let (root, all) = parse(tree).unwrap();
        assert_eq!(root, id("app", "1.0.0"));
        assert_eq!(all[&root].needs, [id("a", "0.1.0"), id("c", "3.0.0")].into());
        let a = &all[&id("a", "0.1.0")];
        assert_eq!((a.licence.as_str(), a.repository.as_str()), ("MIT OR Apache-2.0", "https://a"));
        assert_eq!(a.needs, [id("b", "2.0.0")].into());
        assert_eq!(all[&id("c", "3.0.0")].needs, [id("a", "0.1.0")].into());
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        for said in ["", "error: no such package", "1 a v1.0.0|MIT|", "0 a 1.0.0|MIT|"] {
            assert!(parse(said).is_err(), "{said}");
        }
    }
}
