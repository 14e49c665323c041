//! A caller's token: whether it proves anything, and what it says then. Pure, but for the cryptography.
use crate::azure::issuer::Published;
use crate::process::config::{Directory, May};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

/// Who has it may look.
const READS: &str = "Upgrades.Read";
/// Who has it may look, start and give orders.
const ACTS: &str = "Upgrades.Act";
/// Clocks may be so many seconds apart.
const LEEWAY: i64 = 60;
/// No token of a directory is longer, in bytes.
const LONGEST: usize = 16 * 1024;

/// What a proved token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// The account's name; of an application, its client id.
    pub name: String,
    /// What its app roles let it do.
    pub may: May,
}

/// The id of the key by which a token says that it was signed.
///
/// # Errors
/// What is wrong with it.
pub fn key_of(token: &str) -> Result<String, String> {
    if token.len() > LONGEST {
        return Err(format!("the token has {} bytes: at most {LONGEST}", token.len()));
    }
    let head = decode_header(token).map_err(|error| format!("it is no token: {error}"))?;
    // One algorithm, whatever the token says.
    if head.alg != Algorithm::RS256 {
        return Err("the token is not signed with RS256".into());
    }
    head.kid.ok_or_else(|| "the token names no key".into())
}

/// Proves a token: signature, issuer, audience, time.
///
/// # Errors
/// What is wrong with it.
pub fn prove(
    token: &str,
    key: &str,
    published: &Published,
    directory: &Directory,
    now: Timestamp,
) -> Result<Proved, String> {
    let key = published.key(key).ok_or("the directory has no key of the token's")?;
    let key = DecodingKey::from_jwk(key).map_err(|error| format!("the directory's key cannot be used: {error}"))?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&published.issuers);
    validation.set_audience(&directory.audiences);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    // The time is the store's, as for everything that is decided; below.
    (validation.validate_exp, validation.validate_nbf) = (false, false);
    let claims =
        decode::<Claims>(token, &key, &validation).map_err(|error| format!("the token proves nothing: {error}"))?;
    let claims = claims.claims;
    if claims.exp.saturating_add(LEEWAY) <= now.as_second() {
        return Err("the token has expired".into());
    }
    if claims.nbf.is_some_and(|from| from.saturating_sub(LEEWAY) > now.as_second()) {
        return Err("the token is not valid yet".into());
    }
    Ok(Proved { may: claims.may(), name: claims.name() })
}

#[derive(Deserialize)]
struct Claims {
    exp: i64,
    nbf: Option<i64>,
    #[serde(default)]
    roles: Vec<String>,
    preferred_username: Option<String>,
    upn: Option<String>,
    unique_name: Option<String>,
    appid: Option<String>,
    azp: Option<String>,
    oid: Option<String>,
}

impl Claims {
    fn may(&self) -> May {
        let has = |role: &str| self.roles.iter().any(|held| held == role);
        if has(ACTS) {
            May::Act
        } else if has(READS) {
            May::Read
        } else {
            May::Nothing
        }
    }

    /// A person's name; else the application's client id. A name may be given to another account later, the object id not.
    fn name(self) -> String {
        let person = self.preferred_username.or(self.upn).or(self.unique_name);
        let name = person.or_else(|| self.appid.or(self.azp).map(|id| format!("application {id}")));
        match (name, self.oid) {
            (Some(name), _) => name,
            (None, Some(oid)) => format!("account {oid}"),
            (None, None) => "an account without a name".into(),
        }
    }
}
