//! Which roles are copied, by guids: none that could give rights itself.
use super::ids::is_uuid;
use super::{Mistake, mistake};
use crate::resources::answers::{list, shortened};
use crate::resources::roles::is_never_copied;
use serde_json::Value;

pub(super) fn mistakes(file: &Value) -> Vec<Mistake> {
    let of = |member: &'static str, what: &'static str| {
        list(file, &format!("/copyRoles/{member}")).iter().enumerate().filter_map(move |(index, named)| {
            let (place, named) = (format!("/copyRoles/{member}/{index}"), named.as_str()?);
            if !is_uuid(named) {
                return Some(mistake(place, format!("expected {what}, a guid, found {:?}", shortened(named))));
            }
            let why = "it lets who has it give rights to others, and is never copied: a person gives it";
            (member == "roles" && is_never_copied(named)).then(|| mistake(place, why))
        })
    };
    of("roles", "the name of a role's definition").chain(of("subscriptions", "the id of a subscription")).collect()
}
