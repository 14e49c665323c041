//! Keys: which one a caller shows, and what it opens.
use super::{
    options::HostOptions,
    request::{header, query},
};
use http::request::Parts;

/// What a function or the administrator's API asks of its callers; each opens all that stand before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Access {
    Anonymous,
    Function,
    Admin,
}

impl Access {
    /// What `authLevel` of a function says; whatever is not known asks for a key.
    pub fn of(level: &str) -> Self {
        match level.to_lowercase().as_str() {
            "anonymous" => Self::Anonymous,
            "admin" => Self::Admin,
            _ => Self::Function,
        }
    }

    /// What a caller has shown a key for.
    pub fn shown(request: &Parts, options: &HostOptions) -> Self {
        let Some(given) = given_key(request) else { return Self::Anonymous };
        let is = |key: &Option<String>| key.as_deref() == Some(given.as_str());
        match (is(&options.master_key), is(&options.function_key)) {
            (true, _) => Self::Admin,
            (false, true) => Self::Function,
            (false, false) => Self::Anonymous,
        }
    }

    /// Whether a caller who has shown `shown` may in. Where no key is set, none is asked for.
    pub fn lets_in(self, shown: Self, options: &HostOptions) -> bool {
        let is_set = match self {
            Self::Anonymous => false,
            Self::Function => options.function_key.is_some(),
            Self::Admin => options.master_key.is_some(),
        };
        !is_set || shown >= self
    }
}

fn given_key(request: &Parts) -> Option<String> {
    let in_query = query(request.uri.query().unwrap_or("")).into_iter().find(|(name, _)| name == "code");
    header(&request.headers, "x-functions-key").map(Into::into).or(in_query.map(|(_, key)| key))
}
