//! What a write is about, and what it leaves. Pure.
use crate::kubernetes::kinds::Kind;
use serde_json::Value;
use std::sync::Arc;

/// What a write is about.
pub(in crate::kubernetes) struct Target<'a> {
    pub kind: &'a Kind,
    pub namespace: &'a str,
    /// Empty for a create.
    pub name: &'a str,
    pub subresource: &'a str,
    pub dry_run: bool,
}

/// What a write has left.
pub(in crate::kubernetes) enum Written {
    /// Nothing but what it would have left: it was a dry run.
    OnTrial(Value),
    /// An object of which no controller has to know.
    Quietly(Arc<Value>),
    /// An object for which a controller may have to do something.
    ForControllers(Arc<Value>),
}
