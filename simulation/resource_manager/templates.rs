//! Deployments of templates, stacks and scripts: shown as none, and never run. To accept one and make nothing would be a lie.
use super::answers::{Answered, Refusal, refuse};
use super::desk::Desk;
use super::place::Place;
use super::plain;
use crate::{Ask, answer::json};
use http::Method;
use serde_json::json;

const CODE: &str = "TemplatesNotSimulated";
const MESSAGE: &str = "The simulated Azure runs no templates, and has changed nothing. Put each resource by itself: with its own command, az resource create, or az rest --method put.";

/// Whether resources of this kind (in lower case) are made by running a template or a script.
pub(crate) fn run_as(kind: &str) -> bool {
    let kind = kind.strip_prefix("microsoft.resources/").unwrap_or_default();
    ["deployments", "deploymentstacks", "deploymentscripts"].contains(&kind.split('/').next().unwrap_or_default())
}

/// A call about templates or scripts.
pub(crate) fn answer(desk: &mut Desk<'_>, ask: &Ask, place: &Place) -> Answered {
    let action = place.steps.last().filter(|_| !place.names_a_resource());
    match *ask.method() {
        // A what-if has an answer in any case; what is wrong is a part of it (DeploymentsWhatIf_WhatIfAtSubscriptionScope).
        Method::POST if action.is_some_and(|action| action.eq_ignore_ascii_case("whatIf")) => {
            Ok(json(200, &json!({"status": "Failed", "error": {"code": CODE, "message": MESSAGE}})))
        }
        Method::POST | Method::PUT | Method::PATCH => Err(refused()),
        _ => plain::answer(desk, ask, place),
    }
}

fn refused() -> Refusal {
    refuse(400, CODE, MESSAGE)
}
