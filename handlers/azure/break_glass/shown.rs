//! What serves now and what will, as a short table.
use crate::resources::answers::name_of;
use crate::resources::gateway::{BREAK_GLASS, Gateway};
use crate::site::emergency::Emergency;

/// So many members of a pool are shown; the others are counted.
const MOST: usize = 4;

pub(super) fn table(emergency: &Emergency, gateway: &Gateway) -> String {
    let wanted: Vec<_> = emergency.addresses.iter().map(ToString::to_string).collect();
    let wanted: Vec<_> = wanted.iter().map(String::as_str).collect();
    let mut rows = vec![[name_of(&emergency.gateway).to_owned(), "now".into(), "then".into()]];
    for name in &emergency.live {
        rows.push(match gateway.pool(name) {
            Some(pool) => [format!("live {}", pool.name()), side(emergency, &pool.members()), side(emergency, &wanted)],
            None => [format!("live {name}"), "is not there".into(), "left out".into()],
        });
    }
    if let Some(name) = &emergency.candidate {
        rows.push(match gateway.pool(name) {
            Some(pool) => [format!("candidate {}", pool.name()), side(emergency, &pool.members()), "as it is".into()],
            None => [format!("candidate {name}"), "is not there".into(), "not needed".into()],
        });
    }
    let then = if gateway.has_room_for_a_mark() { format!("{BREAK_GLASS}…") } else { "none: no room".into() };
    rows.push(["mark".into(), gateway.mark().unwrap_or("none").to_owned(), then]);
    let mut text = aligned(&rows);
    if !gateway.has_room_for_a_mark() {
        text.push_str(
            "\nThe gateway has 50 tags, and no room for a mark: a run under way does not see this. Pause it \
             (bluegreen pause SITE).",
        );
    }
    if gateway.is_written_by_agic() {
        text.push_str(
            "\nAn ingress controller (AGIC) writes this gateway, and would write over this: scale it to 0 first.",
        );
    }
    text
}

fn side(emergency: &Emergency, members: &[&str]) -> String {
    let colours = if emergency.to.is_some() { emergency.colours_of(members) } else { String::new() };
    let more = members.len().saturating_sub(MOST);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let shown = members.iter().take(MOST).copied().collect::<Vec<_>>().join(" ");
    format!("{colours} {shown}{more}").trim().to_owned()
}

fn aligned(rows: &[[String; 3]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let line =
        |[name, now, then]: &[String; 3]| format!("{name:<first$}  {now:<second$}  {then}").trim_end().to_owned();
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Colour;
    use crate::site::emergency::Given;
    use serde_json::json;

    #[test]
    fn users_look_before_they_read() {
        let site = json!({
            "gateway": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw",
            "pools": {"live": ["live", "other"], "candidate": "candidate"},
            "slots": {"blue": {"addresses": ["10.1.0.1"]}, "green": {"addresses": ["10.2.0.1"]}}});
        let pool = |name: &str, address: &str| json!({"name": name, "properties": {"backendAddresses": [{"ipAddress": address}]}});
        let gateway =
            Gateway(json!({"tags": {"aks-bluegreen-mark": "shop-1/a"}, "properties": {"backendAddressPools": [
            pool("Live", "10.2.0.1"), pool("candidate", "10.1.0.1")]}}));
        let emergency = Emergency::of(&site, Given::default(), Some(Colour::Blue)).unwrap();
        let expected = "\
gw                   now             then
live Live            green 10.2.0.1  blue 10.1.0.1
live other           is not there    left out
candidate candidate  blue 10.1.0.1   as it is
mark                 shop-1/a        break-glass/…";
        assert_eq!(table(&emergency, &gateway), expected);
    }
}
