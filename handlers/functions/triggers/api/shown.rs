//! What a caller was shown: the version of a run's page, from which an order tells what it was decided on.
use crate::resources::digest::digest;
use crate::run::{Run, RunId};
use crate::step::Step;
use serde_json::Value;

/// So many letters of a digest tell two pages of a run apart.
const DIGEST: usize = 16;

/// The ETag of a page: `"<run>/<step>/<stage>/<digest>"`. The digest is the page's; what is before it is what an order needs.
#[must_use]
pub fn etag(run: &Run, page: &Value) -> String {
    format!("\"{}/{}/{}/{}\"", run.id, run.step, run.stage, &digest(&page.to_string())[..DIGEST])
}

/// The ETag of a page that is no run's.
#[must_use]
pub fn etag_of(page: &Value) -> String {
    format!("\"{}\"", &digest(&page.to_string())[..DIGEST])
}

/// What somebody saw of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The run.
    pub run: RunId,
    /// Where it was,
    pub step: Step,
    /// and at which stage.
    pub stage: usize,
}

impl Shown {
    /// What an ETag of a run's page says; `None`: it is none.
    #[must_use]
    pub fn read(etag: &str) -> Option<Self> {
        let inner = etag.trim().strip_prefix('"')?.strip_suffix('"')?;
        let [run, step, stage, _] = inner.split('/').collect::<Vec<_>>()[..] else { return None };
        Some(Self { run: run.to_owned(), step: Step::named(step)?, stage: stage.parse().ok()? })
    }
}

/// Whether the caller has this version already (`If-None-Match`).
#[must_use]
pub fn has(known: Option<&str>, etag: &str) -> bool {
    let known = known.unwrap_or_default().split(',').map(|one| one.trim().trim_start_matches("W/"));
    known.into_iter().any(|one| one == "*" || one == etag)
}
