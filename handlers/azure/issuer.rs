//! The directory whose tokens callers show: its issuers and its keys, by OpenID discovery. What it published is kept for
//! a while; a key that is not known is asked for, and not more often than once a minute, whatever strangers send.
use super::patience;
use crate::process::clock::Clock;
use crate::process::config::Directory;
use anyhow::{Context as _, bail, ensure};
use azure_core::http::{Context, Method, Pipeline, Request, Transport, Url};
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

/// One document is waited for so long: real time, for it guards a socket.
const PATIENCE: Duration = Duration::from_secs(10);
/// What was published is looked at anew after so long,
const FRESH: Duration = Duration::from_secs(3600);
/// and counts no more after so long without an answer.
const USABLE: Duration = Duration::from_secs(24 * 3600);
/// From one question to the next, whoever asks,
const BETWEEN: Duration = Duration::from_secs(60);
/// and after one that had no answer.
const AFTER_A_FAILURE: Duration = Duration::from_secs(10);
/// More keys than these are no directory's.
const MOST_KEYS: usize = 100;

/// What a directory has published.
pub struct Published {
    /// Who its tokens say has issued them: the forms of version 2 and 1.
    pub issuers: [String; 2],
    keys: BTreeMap<String, Jwk>,
    at: Instant,
}

impl Published {
    /// The key of this id.
    #[must_use]
    pub fn key(&self, id: &str) -> Option<&Jwk> {
        self.keys.get(id)
    }
}

/// A client of the directory. Clones share what they know.
#[derive(Clone)]
pub struct Issuer {
    web: Pipeline,
    base: Url,
    tenant: String,
    clock: Clock,
    published: Arc<RwLock<Option<Arc<Published>>>>,
    /// When it may be asked again. Held while somebody asks.
    again: Arc<Mutex<Option<Instant>>>,
}

impl Issuer {
    /// The directory at this authority.
    ///
    /// # Errors
    /// When the authority is no URL.
    pub fn new(authority: &str, directory: &Directory, transport: &Transport, clock: &Clock) -> anyhow::Result<Self> {
        let base = format!("{authority}/{}/", directory.tenant);
        let (package, version) = (option_env!("CARGO_PKG_NAME"), option_env!("CARGO_PKG_VERSION"));
        Ok(Self {
            web: Pipeline::new(package, version, patience::for_reading(transport, clock), vec![], vec![], None),
            base: base.parse().with_context(|| format!("{base} is no URL"))?,
            tenant: directory.tenant.clone(),
            clock: clock.clone(),
            published: Arc::default(),
            again: Arc::default(),
        })
    }

    /// What it has published, as new as the key of this id needs it; it may lack it all the same.
    ///
    /// # Errors
    /// When it does not answer, and nothing is known that still counts.
    pub async fn published(&self, key: &str) -> anyhow::Result<Arc<Published>> {
        if let Some(known) = self.known().filter(|known| known.key(key).is_some()) {
            if self.is_older(&known, FRESH)
                && let Ok(again) = self.again.try_lock()
            {
                // One caller asks; the others go on with what is known.
                self.ask(again).await;
            }
        } else {
            // Whoever waits here finds what the one before learnt.
            let again = self.again.lock().await;
            if self.known().is_none_or(|known| known.key(key).is_none()) {
                self.ask(again).await;
            }
        }
        self.known().context("the directory that signs tokens does not answer")
    }

    /// What was published last and still counts.
    fn known(&self) -> Option<Arc<Published>> {
        let known = self.published.read().ok()?.clone();
        known.filter(|known| !self.is_older(known, USABLE))
    }

    fn is_older(&self, known: &Published, than: Duration) -> bool {
        known.at.elapsed() > self.clock.real(than)
    }

    async fn ask(&self, mut again: MutexGuard<'_, Option<Instant>>) {
        if again.is_some_and(|again| Instant::now() < again) {
            return;
        }
        match self.fetch().await {
            Ok(published) => {
                info!(keys = published.keys.len(), "the directory's keys were read");
                if let Ok(mut known) = self.published.write() {
                    *known = Some(Arc::new(published));
                }
                *again = Some(self.clock.after(BETWEEN));
            }
            Err(error) => {
                warn!("the directory's keys could not be read: {error:#}");
                *again = Some(self.clock.after(AFTER_A_FAILURE));
            }
        }
    }

    async fn fetch(&self) -> anyhow::Result<Published> {
        let at = Instant::now();
        let (new, old) = tokio::try_join!(
            self.read::<Discovery>("v2.0/.well-known/openid-configuration"),
            self.read::<Discovery>(".well-known/openid-configuration")
        )?;
        for issuer in [&new.issuer, &old.issuer] {
            ensure!(issuer.to_lowercase().contains(&self.tenant), "the issuer {issuer:?} is another directory's");
        }
        let keys: Keys = self.read(&new.jwks_uri).await?;
        ensure!(keys.keys.len() <= MOST_KEYS, "{} keys are no directory's", keys.keys.len());
        // A key of a kind that nobody knows yet costs the others nothing.
        let keys = keys.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let keys: BTreeMap<_, _> = keys.filter_map(|key| Some((key.common.key_id.clone()?, key))).collect();
        ensure!(!keys.is_empty(), "there is no key that can be read");
        Ok(Published { issuers: [new.issuer, old.issuer], keys, at })
    }

    /// A document of the directory, and of nobody else, wherever a document leads.
    async fn read<Document: DeserializeOwned>(&self, place: &str) -> anyhow::Result<Document> {
        let url = self.base.join(place).with_context(|| format!("{place} is no URL"))?;
        if url.origin() != self.base.origin() {
            bail!("{url} is no place of the directory's");
        }
        let (context, mut request) = (Context::new(), Request::new(url.clone(), Method::Get));
        let answer = timeout(PATIENCE, self.web.send(&context, &mut request, None)).await;
        let answer = answer.with_context(|| format!("{url} did not answer within {} s", PATIENCE.as_secs()))?;
        let answer = answer.with_context(|| format!("failed to read {url}"))?;
        serde_json::from_slice(answer.body().as_ref()).with_context(|| format!("{url} is not what was expected"))
    }
}

/// What is read of the document of discovery.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Value>,
}
