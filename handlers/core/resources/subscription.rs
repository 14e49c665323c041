//! A subscription of Service Bus as Resource Manager shows it, with its rules: whether a step's events come through it.
use crate::resources::answers::{number, same_name, text};
use crate::step::Step;
use serde_json::Value;

/// A subscription, and the rules that choose its messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// A GET of it.
    pub entity: Value,
    /// A GET of each of its rules.
    pub rules: Vec<Value>,
}

impl Subscription {
    /// Whether messages may lie in it: only a count of none says that there are none.
    #[must_use]
    pub fn may_hold_messages(&self) -> bool {
        number(&self.entity, "/properties/countDetails/activeMessageCount") != Some(0)
    }

    /// Why the events of this step do not come through; `None`: they do.
    #[must_use]
    pub fn ailment(&self, step: Step) -> Option<String> {
        let status = text(&self.entity, "/properties/status");
        if status != "Active" {
            return Some(format!("is {status}: set its status to Active"));
        }
        let takes = takes_only(self.rules.iter(), step.name());
        (!takes).then(|| {
            format!(
                "does not choose the events of {step} alone: deploy infra/ once more, and delete rules of other names"
            )
        })
    }
}

/// The subscription of a step among these.
#[must_use]
pub fn of_step(all: &[Subscription], step: Step) -> Option<&Subscription> {
    all.iter().find(|found| same_name(text(&found.entity, "/name"), step.name()))
}

/// Whether there is exactly one rule, which takes this subject: a catch-all beside it would deliver every event to every
/// step.
#[must_use]
pub fn takes_only<'a>(mut rules: impl Iterator<Item = &'a Value>, subject: &str) -> bool {
    let wants = |rule: &Value| text(rule, "/properties/correlationFilter/label") == subject;
    rules.next().is_some_and(wants) && rules.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_come_through_one_rule_of_an_active_subscription() {
        let rule = |label: &str| json!({"properties": {"correlationFilter": {"label": label}}});
        let found = |status: &str, rules: &[Value]| Subscription {
            entity: json!({"name": "soak", "properties": {"status": status}}),
            rules: rules.to_vec(),
        };
        let well = found("Active", &[rule("Soak")]);
        assert_eq!(well.ailment(Step::Soak), None);
        assert_eq!(of_step(std::slice::from_ref(&well), Step::Soak), Some(&well), "names are compared without case");
        let disabled = found("ReceiveDisabled", &[rule("Soak")]).ailment(Step::Soak).unwrap();
        assert!(disabled.contains("is ReceiveDisabled"), "{disabled}");
        let all = json!({"properties": {"sqlFilter": {"sqlExpression": "1=1"}}});
        for rules in [vec![], vec![rule("soak")], vec![all.clone()], vec![rule("Soak"), all]] {
            assert!(found("Active", &rules).ailment(Step::Soak).is_some(), "{rules:?}");
        }
    }

    #[test]
    fn only_a_count_of_none_says_that_it_is_empty() {
        let holding = |properties: Value| Subscription { entity: json!({"properties": properties}), rules: vec![] };
        assert!(!holding(json!({"countDetails": {"activeMessageCount": 0}})).may_hold_messages());
        assert!(holding(json!({"countDetails": {"activeMessageCount": 2}})).may_hold_messages());
        assert!(holding(json!({})).may_hold_messages());
    }
}
