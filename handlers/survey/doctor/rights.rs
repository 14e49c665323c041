//! What the functions' identity may not do in a cluster, as its API server says.
use super::{Row, SeenRights};
use crate::resources::answers::name_of;
use crate::text::few;
use crate::workload::rights::remedy;

const CHECK: &str = "rights";
/// So many rights are named.
const NAMED: usize = 12;

pub(super) fn check(site: &str, seen: &SeenRights) -> Vec<Row> {
    let (cluster, identity) = (name_of(&seen.cluster), &seen.identity);
    let permitted = match &seen.said {
        Ok(permitted) => permitted,
        Err(why) => {
            let what = format!("{site}: what the functions may do in {cluster} is not known: {why}");
            return vec![Row::skipped(CHECK, what, "look as somebody who may make SubjectAccessReviews there")];
        }
    };
    let mut rows = vec![];
    if !permitted.missing.is_empty() {
        let named: Vec<_> = permitted.missing.iter().map(ToString::to_string).collect();
        let what =
            format!("{site}: the identity {identity} may not do this in {cluster}: {}", few(&named, NAMED, "; "));
        rows.push(Row::finding(CHECK, what, remedy(&permitted.missing, identity)));
    }
    if !permitted.unclear.is_empty() {
        let named: Vec<_> = permitted.unclear.iter().map(|(right, why)| format!("{right} ({why})")).collect();
        let what =
            format!("{site}: whether {identity} may do this in {cluster} cannot be told: {}", few(&named, NAMED, "; "));
        rows.push(Row::skipped(CHECK, what, "look again"));
    }
    rows
}
