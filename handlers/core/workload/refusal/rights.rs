//! Which right a 403 says is missing, and what to do.
use super::Refusal;
use crate::workload::rights::ROLE;

/// Which right is missing, if that is what a refusal says.
///
/// A server's words: `deployments.apps "web" is forbidden: User "x" cannot patch resource "deployments" in API group "apps"
/// in the namespace "shop"`, with what Azure says behind that.
pub fn missing(refusal: &Refusal) -> Option<String> {
    let message = &refusal.message;
    if refusal.code != 403 {
        return None;
    }
    if message.contains("attempting to grant RBAC permissions not currently held") {
        let object = message.split(" is forbidden").next().unwrap_or_default();
        return Some(format!("{object} grants more than this identity may do itself: {}", remedy()));
    }
    let (_, rest) = message.split_once("User ")?;
    let (user, rest) = rest.split_once(" cannot ")?;
    let verb = rest.split(' ').next()?;
    let quoted = |after: &str| rest.split_once(after)?.1.split_once('"')?.1.split('"').next();
    let resource = quoted("resource")?;
    let group =
        quoted("API group").filter(|group| !group.is_empty()).map(|group| format!(".{group}")).unwrap_or_default();
    let place = match quoted("in the namespace") {
        Some(namespace) => format!("in the namespace {namespace}"),
        None => "in the whole cluster".to_owned(),
    };
    let user = user.trim_matches('"');
    Some(format!("the identity {user} may not {verb} {resource}{group} {place}: {}", remedy()))
}

fn remedy() -> String {
    format!(
        "give it the role {ROLE} on the cluster's resource group; a role that was just given takes up to 30 min to arrive"
    )
}
