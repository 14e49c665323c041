//! What the administrator's API does: functions invoked by hand.
use super::{FunctionsHost, bus_envelope, definition::Trigger, timer};
use http::StatusCode;

impl FunctionsHost {
    /// `POST /admin/functions/<function>` with this input. 202 at once, whatever happens then; 404 for an unknown one.
    /// An HTTP function is not called: it would need a request.
    #[must_use]
    pub fn admin_invoke(&self, function: &str, input: &str) -> StatusCode {
        let Some(instance) = self.instance_of(function) else { return StatusCode::NOT_FOUND };
        let shared = &self.shared;
        let Some(function) = instance.functions.iter().find(|it| it.name.eq_ignore_ascii_case(function)) else {
            return StatusCode::NOT_FOUND;
        };
        let (now, guid) = (shared.azure.clock().now(), shared.count.guid());
        let envelope = match &function.trigger {
            Trigger::Bus { binary, .. } => bus_envelope::by_hand(function, *binary, input, now, &guid),
            Trigger::Timer { monitored, .. } => {
                let status = shared.monitor.of(&function.name).filter(|_| *monitored);
                timer::envelope(function, status, false, now, &guid, Some(input))
            }
            Trigger::Http(_) => {
                shared.count.function(&function.name, |counts| {
                    counts.invocations += 1;
                    counts.failures += 1;
                });
                return StatusCode::ACCEPTED;
            }
        };
        instance.order((function.clone(), envelope));
        StatusCode::ACCEPTED
    }
}
