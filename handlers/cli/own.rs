//! `--site`: a site file of one's own, judged and rendered as `site publish` does it, to be played in the shop's world.
use super::exit::Exit;
use super::out::{complain, say};
use super::site::{judged, next, read, served};
use super::site_files::{in_lines, refusals};
use crate::local::own::Own;
use crate::local::shop::{Options, Shop};
use crate::site::Site;
use crate::store::with_digests;
use simulated_azure::{Cloud, article};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use tokio::runtime::Builder;

/// The site of this file; or with which status the command ends, when what is wrong with it was said.
///
/// # Errors
/// When the file, a manifest or a chart cannot be read.
pub fn own(file: &Path, cloud: Cloud) -> anyhow::Result<Result<Own, ExitCode>> {
    let (text, site) = match read(file)? {
        Ok(read) => read,
        Err(report) => {
            complain(&report);
            return Ok(Err(Exit::Otherwise.into()));
        }
    };
    // The world's clock stands still while Helm works, so each has a runtime of its own.
    let (versions, served) =
        Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
            let base = article::Options { cloud, ..article::Options::default() };
            let shop = Shop::open(&Options { base, probe: false, ..Options::default() }, |_| {})?;
            // Whoever looks needs the store's time.
            shop.operator.store.could_reserve(&shop.site).await?;
            let next = next(&shop.operator, &shop.site).await?;
            let served = served(&shop.operator, &next.cluster).await;
            anyhow::Ok((next.versions, served))
        })?;
    let working = Builder::new_current_thread().enable_all().build()?;
    let (site, contents, findings) = working.block_on(judged(file, &text, site, &versions, &served))?;
    complain(&in_lines(&findings));
    if refusals(&findings) > 0 {
        complain(&format!("{}: {} to mend in its manifests\n", file.display(), refusals(&findings)));
        return Ok(Err(Exit::Otherwise.into()));
    }
    let (site, files) = with_digests(site, |name| contents.of(name))?;
    let texts: BTreeMap<_, _> = contents.rendered().clone().into_iter().chain(files).collect();
    say(&told(&site, file))?;
    Ok(Ok(Own { site, texts }))
}

fn told(site: &Site, file: &Path) -> String {
    let (controllers, workloads) = (site.controllers.len(), site.workloads.len());
    let gates = if site.gates.is_empty() { "" } else { " Its gates are left open: nobody is there to approve." };
    format!(
        "{}: {controllers} controllers and {workloads} workloads of the site {}, in the shop's world: its gateway, slots, \
         addresses and smoke tests.{gates}\n",
        file.display(),
        site.name
    )
}
