//! The daily look at what the regions offer. It is the truth: the event's source is one cluster, and dies with it. Sites are
//! looked at side by side, each region is asked once, and each day begins elsewhere.
use crate::functions::app::App;
use crate::functions::bound::LOOKS;
use crate::functions::calls::call;
use crate::functions::regions::Regions;
use crate::functions::reply::Reply;
use crate::functions::versions::{AT_ONCE, consider};
use futures::{FutureExt, StreamExt, stream};
use jiff::Timestamp;
use std::panic::AssertUnwindSafe;
use tokio::time::timeout_at;
use tracing::error;

/// In 1,000: the day's first site is so far behind that of the day before. By the golden ratio each part of the list is soon
/// first, however little a day has time for.
const ELSEWHERE: u64 = 618;

/// Looks at every site's region.
pub async fn version_check(app: &App) -> Reply {
    let ends = app.clock.after(LOOKS);
    let mut sites = match timeout_at(ends, app.store.sites()).await {
        Ok(Ok(sites)) => sites,
        Ok(Err(error)) => return Reply::again("the sites could not be listed; the next look is tomorrow", &error),
        Err(_) => return Reply::Again("the store does not answer; the next look is tomorrow".into()),
    };
    let day = app.store.now().map_or(0, Timestamp::as_second).unsigned_abs() / (24 * 3600);
    let first = day * ELSEWHERE % 1000 * sites.len() as u64 / 1000;
    sites.rotate_left(usize::try_from(first).unwrap_or(0));
    let (count, regions) = (sites.len(), &Regions::default());
    let looks = stream::iter(sites).map(|name| async move {
        let considered = AssertUnwindSafe(consider(app, regions, &name, "VersionCheck")).catch_unwind();
        (timeout_at(ends, considered).await, name)
    });
    let (mut asked, mut left_over) = (0, 0);
    let mut looks = looks.buffer_unordered(AT_ONCE);
    while let Some((looked, name)) = looks.next().await {
        match looked {
            Ok(Ok(Ok(requested))) => asked += usize::from(requested),
            Ok(Ok(Err(error))) => error!(site = name, "its region could not be looked at: {error:#}"),
            Ok(Err(_)) => {
                let why = "a panic in the look at this site's region: see the log of VersionCheck";
                call(app, &format!("panic/region/{name}"), &name, why).await;
            }
            Err(_) => {
                left_over += 1;
                error!(site = name, "its region could not be looked at in time; the next look is tomorrow");
            }
        }
    }
    Reply::Done(format!("{count} sites looked at, {asked} upgrades requested, {left_over} left over"))
}
