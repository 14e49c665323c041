//! The ways in which one input of the model can come about in the real world, and what each of them leads to. Pure.
use super::input::{Act, Input, Look, Members, Next, Ours, Saw};
use bluegreen::step::Step;

/// What an input leaves open.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Ids and names are spelt in another case than Azure shows them, and the gateway honours `If-Match`.
    pub otherwise: bool,
    /// The new cluster is in the candidate pool while the live pools hold the old one's members.
    pub candidate: bool,
    pub canceled: Canceled,
    pub gone: Gone,
    /// The step recorded the deletion that it asked for.
    pub recorded: bool,
    pub watch: Watch,
    /// The first look that found the step was just now: a write that nobody recorded may still be under way.
    pub soon: bool,
    /// What was seen of the new cluster, to which no user is led, was seen long ago.
    pub old: bool,
}

/// Why a write of ours did not take effect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Canceled {
    Superseded,
    Failed,
}

/// How far the deletion of a cluster is that is not there any more. To the model it is gone when it was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gone {
    Over,
    UnderWay,
}

/// What a watch of the traffic finds. The model leaves it open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Watch {
    Over,
    UnderWay,
    /// The new cluster is ill.
    Ill,
}

const WATCHES: [Watch; 3] = [Watch::Over, Watch::UnderWay, Watch::Ill];

/// What the looks at health before an act may lead to: the act, waiting, or not acting. What makes a look wait, that the
/// gateway does not know a member yet, is left out here.
fn is_before_an_act(look: &Look) -> bool {
    let [Next::Act(_) | Next::Say(Saw::WillReduce), Next::Say(Saw::NotYet), Next::Say(other)] = look.leads_to[..]
    else {
        return false;
    };
    matches!(other, Saw::Breached | Saw::Stuck)
}

/// Whether a write that shows itself and that nobody recorded is waited for at first.
fn may_wait_for_another(look: &Look) -> bool {
    matches!(look.leads_to[..], [Next::Say(Saw::NotYet), Next::Act(Act::Write(_))])
}

/// Whether the new cluster may have to be looked at anew before users are led to it.
fn is_looked_at_first(look: &Look) -> bool {
    matches!(look.leads_to[..], [Next::Act(Act::Write(_)), Next::Say(Saw::NotYet)])
}

impl Watch {
    const fn leads_to(self) -> Next {
        Next::Say(match self {
            Self::Over => Saw::Done,
            Self::UnderWay => Saw::NotYet,
            Self::Ill => Saw::Breached,
        })
    }
}

/// All ways of an input.
pub fn ways(look: &Look) -> Vec<Way> {
    let input = &look.input;
    let plain = Way {
        otherwise: false,
        candidate: false,
        canceled: Canceled::Superseded,
        gone: Gone::Over,
        recorded: false,
        watch: Watch::Over,
        soon: false,
        old: false,
    };
    let mut all = vec![plain];
    let mut also = |is_open: bool, change: fn(&mut Way)| {
        let mut more = if is_open { all.clone() } else { vec![] };
        more.iter_mut().for_each(change);
        all.extend(more);
    };
    // A write of `RestoreTraffic` has emptied it.
    let emptied = input.step == Step::DeleteNewCluster || input.operation == Some(Ours::Newest);
    also(input.shown == Members::Old && !emptied, |way| way.candidate = true);
    also(input.operation == Some(Ours::Canceled), |way| way.canceled = Canceled::Failed);
    also(!input.old_cluster || !input.new_cluster, |way| way.gone = Gone::UnderWay);
    also(is_deleted_here(input), |way| way.recorded = true);
    also(is_before_an_act(look), |way| way.watch = Watch::Ill);
    also(may_wait_for_another(look), |way| way.soon = true);
    also(is_looked_at_first(look), |way| way.old = true);
    // Without a place in the candidate pool its probe says nothing, and a cluster with nothing in it has nothing that is ill.
    let is_old = |way: &Way| way.old && way.candidate;
    let ill: Vec<_> = all.iter().copied().filter(is_old).map(|way| Way { watch: Watch::Ill, ..way }).collect();
    all.extend(ill);
    if matches!(input.step, Step::ConfirmTraffic | Step::Soak) {
        let each = |way: Way| WATCHES.map(|watch| Way { watch, ..way });
        all = all.into_iter().flat_map(each).collect();
    }
    // By turns: it has nothing to do with the rest.
    let first = usize::from(input.quiet) + usize::from(input.stage);
    all.iter_mut().enumerate().for_each(|(at, way)| way.otherwise = (first + at) % 2 == 1);
    all
}

/// What this way leads to.
pub fn expected(look: &Look, way: &Way) -> Result<Next, String> {
    match look.leads_to.as_slice() {
        // A deletion that was accepted can only end: until then the step waits, and does nothing.
        [Next::Say(Saw::Done)] if way.gone == Gone::UnderWay && is_deleted_here(&look.input) => {
            Ok(Next::Say(Saw::NotYet))
        }
        [one] => Ok(*one),
        // What is in the candidate pool counts, too: then it is not our write that shows itself.
        [wait, write] if may_wait_for_another(look) => Ok(if way.soon && !way.candidate { *wait } else { *write }),
        [write, wait] if is_looked_at_first(look) => Ok(if way.watch == Watch::Ill { *wait } else { *write }),
        [_, _, _] if way.gone == Gone::UnderWay && way.recorded => Ok(Next::Say(Saw::NotYet)),
        // A deletion that shows is evidence: there is nothing to go back to.
        [_, _, Next::Say(Saw::Breached)]
            if way.watch == Watch::Ill && way.gone == Gone::UnderWay && !look.input.old_cluster =>
        {
            Ok(Next::Say(Saw::Stuck))
        }
        [act, _, not] if is_before_an_act(look) => Ok(if way.watch == Watch::Ill { *not } else { *act }),
        open if WATCHES.map(Watch::leads_to) == *open => Ok(way.watch.leads_to()),
        other => Err(format!("nobody knows when a look leads to which of {other:?}")),
    }
}

/// Whether it is the present step that has had a cluster deleted.
pub fn is_deleted_here(input: &Input) -> bool {
    match input.step {
        Step::RetireOldCluster => !input.old_cluster,
        Step::DeleteNewCluster => !input.new_cluster,
        Step::CheckPlan
        | Step::CreateCluster
        | Step::InstallControllers
        | Step::SyncWorkloads
        | Step::ValidateHealth
        | Step::ShiftTraffic
        | Step::ConfirmTraffic
        | Step::MoveSingletons
        | Step::Soak
        | Step::RestoreTraffic => false,
    }
}
