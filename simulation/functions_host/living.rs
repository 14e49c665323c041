//! The children that live now: to look at them, and to end them in the middle of their work.
use super::{FunctionsHost, instance::LivingChild};
use crate::Process;

impl FunctionsHost {
    /// The children that live now, one for each instance whose child has been started and has not ended.
    #[must_use]
    pub fn children(&self) -> Vec<LivingChild> {
        let living = self.instances.iter().filter_map(|instance| {
            let (process, pid) = instance.living()?;
            let functions = instance.functions.iter().map(|function| function.name.clone()).collect();
            Some(LivingChild { functions, process, pid })
        });
        living.collect()
    }

    /// The process that serves a function now, to kill it. `None` for an unknown function or before its first start.
    #[must_use]
    pub fn child(&self, function: &str) -> Option<Process> {
        self.instance_of(function)?.process()
    }

    /// Ends the child that serves `function` as SIGKILL does: at once, with its whole process group. The host notices
    /// and counts it. `false`: no child of such a function lives.
    pub fn kill_child(&self, function: &str) -> bool {
        self.instance_of(function).is_some_and(|instance| instance.kill())
    }

    /// The child that serves `function` exits with `code`: 0 is never noticed, 200 is a wish to be started again, all
    /// else counts; at the third within 30 minutes the instance's host gives up. Nothing happens to an unknown function.
    /// An executable is killed, and the host takes this code for its own.
    pub fn exit_child(&self, function: &str, code: i32) {
        if let Some(instance) = self.instance_of(function) {
            instance.exit(code);
        }
    }
}
