//! `bluegreen site list | show | unpublish | rename`: published sites, and the gateways that are reserved for them.
use super::ask::{Answer, go_on};
use super::exit::Exit;
use super::out::complain;
use super::say;
use crate::functions::app::App;
use crate::site::is_name;
use crate::text::plain;
use futures::{StreamExt, stream};
use std::process::ExitCode;

/// So many sites are read side by side.
const AT_ONCE: usize = 16;

/// Each published site in a line: its gateway, and whether a run is under way.
///
/// # Errors
/// When the store does not answer.
pub async fn list(app: &App) -> anyhow::Result<ExitCode> {
    let names = app.store.sites().await?;
    let rows = stream::iter(&names).map(|name| row(app, name)).buffered(AT_ONCE);
    let text: String = rows.collect().await;
    say(if text.is_empty() { "no site is published: bluegreen site publish FILE\n" } else { &text })?;
    Ok(Exit::Done.into())
}

async fn row(app: &App, name: &str) -> String {
    let run = match app.store.run(name).await {
        Ok(Some(found)) => match (found.value.ending_words(), &found.value.held) {
            (Some(ending), _) => ending.to_owned(),
            (None, Some(_)) => format!("{} is held", found.value.id),
            (None, None) => format!("{} is under way", found.value.id),
        },
        Ok(None) => "no run yet".to_owned(),
        Err(why) => format!("UNREADABLE: {why:#}"),
    };
    let gateway = match app.store.site(name).await {
        Ok(Some(site)) => {
            let owner = app.store.gateways_site(&site.gateway).await.ok().flatten();
            let reserved = match owner.as_deref() {
                Some(owner) if owner == name => "",
                Some(_) => " (RESERVED FOR ANOTHER SITE)",
                None => " (not reserved)",
            };
            format!("{}{reserved}", site.gateway)
        }
        Ok(None) => "gone".to_owned(),
        Err(why) => format!("UNREADABLE: {why:#}"),
    };
    format!("{name:<40} {}  {}\n", plain(&gateway), plain(&run))
}

/// A published site as its file is.
///
/// # Errors
/// When the store does not answer, or what lies there is no JSON.
pub async fn show(app: &App, name: &str) -> anyhow::Result<ExitCode> {
    let Some(site) = app.store.site_as_written(name).await? else { return nothing(name) };
    say(&format!("{}\n", serde_json::to_string_pretty(&site)?))?;
    Ok(Exit::Done.into())
}

/// Takes a published site away, and gives its gateway back, or only the gateway of a site that is gone already.
///
/// # Errors
/// When the store does not answer.
pub async fn unpublish(app: &App, name: &str, gateway: Option<&str>, yes: bool) -> anyhow::Result<ExitCode> {
    if !is_name(name) {
        return nothing(name);
    }
    let written = app.store.site_as_written(name).await?;
    let of_site = written.as_ref().and_then(|site| site["gateway"].as_str()).map(str::to_owned);
    let Some(gateway) = of_site.or_else(|| gateway.map(str::to_owned)) else {
        return nothing(name);
    };
    if let Some(refused) = in_use(app, name).await? {
        return Ok(refused.into());
    }
    let said = format!(
        "the site {name} is taken away; its runs and manifests stay, its gateway is free for another site\n  {gateway}"
    );
    if let Some(exit) = asked(&said, &format!("unpublish {name}?"), yes)? {
        return Ok(exit.into());
    }
    app.store.unpublish(name).await?;
    // A request that was just being looked at may have begun a run meanwhile: it keeps the gateway.
    if let Some(refused) = in_use(app, name).await? {
        complain(&format!(
            "its gateway stays reserved; after its end: bluegreen site unpublish {name} --gateway {gateway}\n"
        ));
        return Ok(refused.into());
    }
    if !app.store.give_back(&gateway, name).await? {
        complain(&format!("its gateway was not reserved for it: {gateway}\n"));
    }
    say(&format!("{name} is published no more\n"))?;
    Ok(Exit::Done.into())
}

/// Gives a site another name.
///
/// # Errors
/// When the new name is taken, or the store does not answer.
pub async fn rename(app: &App, name: &str, to: &str, yes: bool) -> anyhow::Result<ExitCode> {
    if !is_name(to) || name == to {
        complain("bluegreen: expected another name of 1 to 40 lower-case letters, digits and hyphens\n");
        return Ok(Exit::Usage.into());
    }
    let Some(site) = app.store.site(name).await? else { return nothing(name) };
    for site in [name, to] {
        if let Some(refused) = in_use(app, site).await? {
            return Ok(refused.into());
        }
    }
    let said = format!(
        "{name} is called {to} from then on, and its gateway is reserved for {to}. Its past runs stay under {name} \
         (bluegreen history {name}): a version that went wrong there is not known to {to}"
    );
    if let Some(exit) = asked(&said, &format!("rename {name} to {to}?"), yes)? {
        return Ok(exit.into());
    }
    app.store.rename(site, to).await?;
    say(&format!("{name} is {to} now; write \"name\": {to:?} into its file, too\n"))?;
    Ok(Exit::Done.into())
}

/// A site whose run is under way, or cannot be read, stays as it is.
async fn in_use(app: &App, name: &str) -> anyhow::Result<Option<Exit>> {
    let why = match app.store.run(name).await {
        Ok(found) => match found.map(|found| found.value).filter(|run| run.ending.is_none()) {
            Some(run) => format!("its run {} is under way: bluegreen status {name}", run.id),
            None => return Ok(None),
        },
        Err(error) if error.is::<crate::store::Unreadable>() => format!("{error:#}: it may be under way"),
        Err(error) => return Err(error),
    };
    complain(&format!("bluegreen: {name} stays as it is: {why}\n"));
    Ok(Some(Exit::Otherwise))
}

fn asked(said: &str, question: &str, yes: bool) -> anyhow::Result<Option<Exit>> {
    complain(&format!("{said}\n"));
    Ok(match go_on(question, yes)? {
        Answer::Yes => None,
        Answer::No => Some(Exit::Otherwise),
        Answer::Nobody => {
            complain("nothing was done: there is no terminal to ask at; say --yes\n");
            Some(Exit::Usage)
        }
    })
}

fn nothing(name: &str) -> anyhow::Result<ExitCode> {
    complain(&format!("bluegreen: no site {} is published; which are: bluegreen site list\n", plain(name)));
    Ok(Exit::Nothing.into())
}
