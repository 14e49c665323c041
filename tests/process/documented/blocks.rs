//! The commands of the documents as a shell would see them: each simple command with its words. Pure, but for reading.
use std::path::{Path, PathBuf};

/// A command of a page.
pub struct Spoken {
    /// Page and line.
    pub place: String,
    /// Its words; what a shell would fill in is `X`.
    pub words: Vec<String>,
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every page with its text, by name.
fn pages() -> Vec<(String, String)> {
    let mut names = vec!["README.md".to_owned()];
    for folder in ["docs", "docs/decisions"] {
        let files = std::fs::read_dir(root().join(folder)).unwrap().map(|file| file.unwrap().file_name());
        let files = files.filter_map(|name| name.into_string().ok()).filter(|name| name.ends_with(".md"));
        names.extend(files.map(|name| format!("{folder}/{name}")));
    }
    names.sort();
    let read = |name: String| (name.clone(), std::fs::read_to_string(root().join(name)).unwrap());
    names.into_iter().map(read).collect()
}

/// Whether a page's fence begins a block of commands.
fn is_shell(fence: &str) -> bool {
    matches!(fence, "```sh" | "```console" | "```bash" | "```shell")
}

/// The commands of every block, in the order of the pages.
pub fn commands() -> Vec<Spoken> {
    let mut found = vec![];
    for (page, text) in pages() {
        let (mut inside, mut line, mut begun) = (false, String::new(), 0);
        for (number, read) in text.lines().enumerate() {
            let read = read.trim();
            if read.starts_with("```") {
                assert!(line.is_empty(), "{page}:{number}: the command goes on behind its block");
                inside = is_shell(read) && !inside;
                continue;
            }
            if !inside {
                continue;
            }
            if line.is_empty() {
                begun = number + 1;
            }
            line += read.strip_suffix('\\').unwrap_or(read);
            line.push(' ');
            if read.ends_with('\\') || read.ends_with('|') {
                continue;
            }
            let place = format!("{page}:{begun}");
            found.extend(simple(&line).into_iter().map(|words| Spoken { place: place.clone(), words }));
            line.clear();
        }
    }
    assert!(found.len() > 50, "only {} commands were found", found.len());
    found
}

/// Our commands in running text, and cargo's. What has `[`, `|` or `…` is a form, not a command.
pub fn spans() -> Vec<Spoken> {
    let mut found = vec![];
    for (page, text) in pages() {
        let mut is_block = false;
        let lines = text.lines().filter(|line| {
            let is_fence = line.trim().starts_with("```");
            is_block ^= is_fence;
            !is_block && !is_fence
        });
        let text = lines.collect::<Vec<_>>().join(" ");
        for span in text.split('`').skip(1).step_by(2) {
            if (span.starts_with("bluegreen ") || span.starts_with("cargo run ")) && !span.contains(['[', '|', '…']) {
                let words = simple(span).into_iter().next().unwrap_or_default();
                found.push(Spoken { place: page.clone(), words });
            }
        }
    }
    found
}

/// The simple commands of a line: between pipes, `&&` and `;`, and inside `$(…)`.
fn simple(line: &str) -> Vec<Vec<String>> {
    let (mut all, mut words, mut word) = (vec![], vec![], None::<String>);
    let (mut quote, mut rest) = (None, line.chars().peekable());
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '$') if rest.peek() == Some(&'(') => {
                all.extend(simple(&inner(&mut rest)));
                word.get_or_insert_default().push('X');
            }
            (None, '#') if word.is_none() => break,
            (None, '|' | '&' | ';') => {
                words.extend(word.take());
                all.push(std::mem::take(&mut words));
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    all.push(words);
    let is_assignment = |word: &&String| {
        word.split_once('=')
            .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_'))
    };
    let bare = |words: Vec<String>| {
        let given = words.iter().take_while(is_assignment).count();
        words.into_iter().skip(given).collect::<Vec<_>>()
    };
    all.into_iter().map(bare).filter(|words| !words.is_empty()).collect()
}

/// What stands between `(` and its `)`.
fn inner(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let (mut depth, mut text) = (0, String::new());
    for c in rest.by_ref() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        text.push(c);
    }
    text.split_off(1.min(text.len()))
}

/// What cargo runs of ours: `bluegreen` with its words, or nothing. An error when what it names is not there.
pub fn cargo(words: &[String]) -> Result<Vec<String>, String> {
    let (before, ours) = match words.iter().position(|word| word == "--") {
        Some(at) => (&words[..at], &words[at + 1..]),
        None => (words, &words[words.len()..]),
    };
    let after = |flags: &[&str]| {
        let at = before.iter().position(|word| flags.contains(&word.as_str()))?;
        before.get(at + 1).cloned()
    };
    if let Some(name) = after(&["--example"]) {
        let is_there = root().join(format!("examples/{name}.rs")).is_file();
        return if is_there { Ok(vec![]) } else { Err(format!("there is no example {name}")) };
    }
    let package = after(&["-p", "--package"]);
    match before.get(1).map(String::as_str) {
        Some("run") if package.is_none() => Ok([&["bluegreen".to_owned()], ours].concat()),
        Some("run") if package.as_deref() == Some("packaging") => Ok(vec![]),
        Some("test") => {
            let takes = ["-p", "--package", "--test"];
            let names = before
                .iter()
                .enumerate()
                .skip(2)
                .filter(|(at, word)| !word.starts_with('-') && !takes.contains(&before[at - 1].as_str()));
            let missing: Vec<_> = names.map(|(_, name)| name).filter(|name| !is_test(&root(), name)).collect();
            if missing.is_empty() { Ok(vec![]) } else { Err(format!("there is no test {missing:?}")) }
        }
        _ => Err("cargo is asked for something that no test knows".to_owned()),
    }
}

/// Whether a test or a file of tests has this name, or begins with it.
fn is_test(folder: &Path, name: &str) -> bool {
    let name = name.rsplit("::").next().unwrap_or(name);
    std::fs::read_dir(folder).unwrap().map(Result::unwrap).any(|entry| {
        let (path, file) = (entry.path(), entry.file_name().into_string().unwrap_or_default());
        if path.is_dir() {
            return !matches!(file.as_str(), "target" | "dist" | ".git") && is_test(&path, name);
        }
        file.strip_suffix(".rs")
            .is_some_and(|stem| stem == name || std::fs::read_to_string(&path).unwrap().contains(&format!("fn {name}")))
    })
}
