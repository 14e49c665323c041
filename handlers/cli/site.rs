//! `bluegreen site`: check, publish, schema.
use super::charts::{self, Charts, has_charts};
use super::exit::Exit;
use super::out::complain;
use super::say;
use super::site_files::{Contents, in_lines, refusals, text_of};
use crate::functions::app::App;
use crate::functions::regions::Regions;
use crate::functions::start::look;
use crate::plan::planning::serving;
use crate::plan::prepared::Prepared;
use crate::plan::{Version, planned};
use crate::resources::cluster::Cluster;
use crate::run::StepError;
use crate::site::Site;
use crate::site::check;
use crate::workload::desk::Finding;
use crate::workload::differences::differences;
use anyhow::Context;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

/// Reports every mistake of a site file and of its manifests.
pub fn check_file(file: &Path) -> anyhow::Result<ExitCode> {
    let (text, site) = match read(file)? {
        Ok(read) => read,
        Err(report) => {
            complain(&report);
            return Ok(Exit::Otherwise.into());
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (site, _, findings) = runtime.block_on(judged(file, &text, site, &Prepared::default(), &[]))?;
    complain(&in_lines(&findings));
    if refusals(&findings) > 0 {
        complain(&format!("{}: {} to mend in its manifests\n", file.display(), refusals(&findings)));
        return Ok(Exit::Otherwise.into());
    }
    say(&format!("{}: the site {} is well formed\n{}", file.display(), site.name, stages(&site)))?;
    for (line, what) in check::marks(&text) {
        say(&format!("  line {line} is marked: {what}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the JSON Schema.
pub fn schema() -> anyhow::Result<ExitCode> {
    say(&format!("{}\n", serde_json::to_string_pretty(&check::schema())?))?;
    Ok(ExitCode::SUCCESS)
}

/// Stores a site file with its manifests, once they are judged for the versions that may be next.
pub async fn publish(app: &App, file: &Path) -> anyhow::Result<ExitCode> {
    let (text, site) = match read(file)? {
        Ok(read) => read,
        Err(report) => {
            complain(&report);
            return Ok(Exit::Otherwise.into());
        }
    };
    // Before any work; and whoever looks needs the store's time.
    app.store.could_reserve(&site).await?;
    let next = match next(app, &site).await {
        Ok(next) => next,
        Err(why) if has_charts(&site) => {
            return Err(why.context("the charts are rendered for the versions of the region, which could not be read"));
        }
        Err(why) => {
            complain(&format!("  not judged for the versions of the region, which could not be read: {why:#}\n"));
            Next::default()
        }
    };
    let served = if has_charts(&site) { served(app, &next.cluster).await } else { vec![] };
    let (site, contents, findings) = judged(file, &text, site, &next.versions, &served).await?;
    complain(&in_lines(&findings));
    if refusals(&findings) > 0 {
        let told =
            format!("{}: {} to mend in its manifests; nothing was published\n", file.display(), refusals(&findings));
        complain(&told);
        return Ok(Exit::Otherwise.into());
    }
    say(&renewed(app, &site, &contents).await?)?;
    app.store.keep(contents.rendered()).await?;
    let site = app.store.publish(site, |name| contents.of(name)).await?;
    let manifests = site.controllers.len() + site.workloads.len();
    let published = format!("published {} with {manifests} manifests; its gateway is reserved for it\n", site.name);
    say(&(published + &stages(&site)))?;
    Ok(ExitCode::SUCCESS)
}

/// What may come next, where the site is now.
#[derive(Default)]
pub(super) struct Next {
    /// For which versions it is made ready.
    pub(super) versions: Prepared,
    /// The id of the cluster that serves.
    pub(super) cluster: String,
}

pub(super) async fn next(app: &App, site: &Site) -> anyhow::Result<Next> {
    let world = look(app, site, &Regions::default()).await.map_err(StepError::into_cause)?;
    let serves = serving(site, &world.gateway).map_err(anyhow::Error::msg)?;
    let version = |cluster: &Cluster| cluster.version().parse::<Version>();
    let old = world.cluster(serves).context("the cluster that serves is not there")?;
    let old = version(old).map_err(anyhow::Error::msg)?;
    // One whose version cannot be read is none to return to.
    let kept = world.cluster(serves.other()).and_then(|kept| version(kept).ok());
    Ok(Next { versions: Prepared::of(&world.offered, old, kept), cluster: site.slot(serves).cluster.clone() })
}

/// What the cluster that serves serves: what a chart asks for there it finds at the next one, too.
pub(super) async fn served(app: &App, cluster: &str) -> Vec<String> {
    let asked = async { app.reader.kubernetes(cluster).await?.api_versions().await };
    asked.await.unwrap_or_else(|error| {
        let why = error.into_cause();
        complain(&format!("  charts are rendered without what {cluster} serves, which could not be read: {why:#}\n"));
        vec![]
    })
}

/// The site of this text with its charts rendered, all that it holds, and what is to be said of that.
pub(super) async fn judged(
    file: &Path,
    text: &str,
    mut site: Site,
    versions: &Prepared,
    served: &[String],
) -> anyhow::Result<(Site, Contents, Vec<Finding>)> {
    let mut contents = contents(file, &site);
    if !has_charts(&site) {
        let findings = contents.judged(&site, &versions.needed);
        return Ok((site, contents, findings));
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let places = check::places(text);
    let Charts { texts, mut notes, failed } =
        charts::render(folder, &mut site, (&contents, &places), versions, served).await;
    contents = contents.with(texts, failed);
    contents.settle(&mut site, &places);
    let mut findings = contents.judged(&site, &versions.needed);
    findings.extend(charts::secrets::told(folder, &site, &places));
    findings.sort_by_key(|finding| finding.weight);
    notes.extend(contents.sift(&mut site, &findings, &versions.further));
    complain(&notes.iter().map(|note| format!("  note     {note}\n")).collect::<String>());
    Ok((site, contents, findings))
}

/// How the charts differ from those that were published before.
async fn renewed(app: &App, site: &Site, contents: &Contents) -> anyhow::Result<String> {
    let before = if has_charts(site) { app.store.site(&site.name).await.ok().flatten() } else { None };
    let mut text = String::new();
    for manifest in site.manifests() {
        // Most charts are the same for most versions.
        let mut groups: Vec<(Vec<&str>, Vec<String>)> = vec![];
        for (minor, digest) in &manifest.renderings {
            let mut olds = before.iter().flat_map(Site::manifests);
            let old = olds.find(|old| old.title() == manifest.title()).and_then(|old| old.renderings.get(minor));
            let new = contents.rendered().get(digest).map_or("", String::as_str);
            let changes = match old {
                Some(old) if old == digest => vec![],
                Some(old) => {
                    let old = app.store.manifest(old).await?.unwrap_or_default();
                    differences(&String::from_utf8_lossy(&old), new)
                }
                None => differences("", new),
            };
            match groups.iter_mut().find(|(_, known)| *known == changes) {
                Some((minors, _)) => minors.push(minor),
                None => groups.push((vec![minor], changes)),
            }
        }
        for (minors, changes) in groups {
            let (title, minors) = (manifest.title(), minors.join(", "));
            let _ = writeln!(text, "  {title} for {minors}: {} to what was published before", changed(&changes));
            text.extend(changes.iter().take(MOST_CHANGES).map(|change| format!("    {change}\n")));
            let rest = changes.len().saturating_sub(MOST_CHANGES);
            if rest > 0 {
                let _ = writeln!(text, "    and {rest} more");
            }
        }
    }
    Ok(text)
}

/// So many changes of a chart are printed.
const MOST_CHANGES: usize = 20;

fn changed(changes: &[String]) -> String {
    match changes.len() {
        0 => "no change".to_owned(),
        1 => "1 change".to_owned(),
        count => format!("{count} changes"),
    }
}

/// What the members of the pools make of each share.
fn stages(site: &Site) -> String {
    let (blue, green) = (&site.slots.blue.addresses, &site.slots.green.addresses);
    let mut lines = String::new();
    for (index, stage) in site.stages.iter().enumerate() {
        let made = planned(stage, blue, green);
        let differs = if made.share == stage.share { "" } else { ", which is what the addresses allow" };
        let (stage, asked, share, watch) = (index + 1, stage.share, made.share, stage.watch_minutes);
        let _ =
            writeln!(lines, "  stage {stage}: {asked} % asked, {share} % achieved{differs}; watched for {watch} min");
    }
    lines
}

fn contents(file: &Path, site: &Site) -> Contents {
    Contents::read(file.parent().unwrap_or(Path::new(".")), site)
}

pub(super) fn read(file: &Path) -> anyhow::Result<Result<(String, Site), String>> {
    let text = text_of(file)?;
    for twice in check::doubled(&text) {
        complain(&format!("  warning  {}: {twice}\n", file.display()));
    }
    Ok(check::parse(&text).map(|site| (text, site)).map_err(|mistakes| {
        let mut report = format!("{}: {} to mend\n", file.display(), mistakes.len());
        for mistake in mistakes {
            let place = if mistake.path.is_empty() { "/" } else { &mistake.path };
            let _ = writeln!(report, "  {place}: {}", mistake.what);
        }
        report
    }))
}
