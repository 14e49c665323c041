//! A person uses the emergency way back, and says later how the run goes on.
use super::scene::{Scene, journal};
use super::what::What;
use crate::break_glass::Person;
use crate::order_of;
use bluegreen::azure::break_glass::{Ended, Wish};
use bluegreen::run::Run;
use bluegreen::run::verbs::{Direction, Order, Verb};
use bluegreen::site::Colour;
use bluegreen::step::Step;
use http::Method;
use simulated_azure::record::Call;
use std::time::Duration;

/// Whither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Old,
    New,
}

impl Side {
    fn colour(self, run: &Run) -> Colour {
        match self {
            Self::Old => run.plan.old,
            Self::New => run.plan.new_colour(),
        }
    }
}

/// Who types it, as the record of calls names them.
pub const AT_THE_GLASS: &str = "person at the glass";
/// A command that hangs, or whose process was killed, is given up.
const GIVEN_UP: Duration = Duration::from_secs(1200);

impl Scene<'_> {
    /// It is typed without force: a target that could not serve is refused.
    pub async fn break_the_glass(&self, side: Side, what: &What) {
        let Some(run) = self.shop.run().filter(|run| run.ending.is_none()) else { return };
        // Whoever sends the users to what is just being taken away, or was not found healthy yet, breaks it himself.
        let is_no_place = match side {
            Side::Old => run.is_reducing(),
            Side::New => !run.may_carry_traffic() || run.step.undoes(),
        };
        if is_no_place {
            return;
        }
        let person = Person::named(self.shop, AT_THE_GLASS);
        let emergency = crate::break_glass::to(self.shop, side.colour(&run));
        let wish = Wish::default();
        let typed = person.breaks_glass(&emergency, &wish);
        if matches!(tokio::time::timeout(GIVEN_UP, typed).await, Ok(Ok(Ended::Done))) {
            self.hit(what.name());
        }
    }

    /// What is said of a run that the emergency way back has stopped.
    pub fn said_after_the_glass(&self, run: &Run) -> Vec<Order> {
        let towards = |direction| Order { direction: Some(direction), ..order_of(run, Verb::Resume) };
        let (forward, back) = (towards(Direction::Forward), towards(Direction::Back));
        let finish = order_of(run, Verb::Finish);
        match self.roll(0..=3) {
            // What it came to as it stands is what the person at the glass wanted.
            0 if run.step != Step::DeleteNewCluster => vec![finish, back],
            1 | 2 => vec![forward, back, finish],
            _ => vec![back, finish],
        }
    }

    /// After the glass was broken no run writes the gateway until a person has spoken.
    pub fn the_last_word_stood(&self, run: &Run) {
        let world = self.shop.azure.world();
        let writes = |call: &&Call| {
            let path = call.path.split('?').next().unwrap_or_default();
            call.method == Method::PUT && path.eq_ignore_ascii_case(&self.shop.article.gateway)
        };
        let accepted = |call: &&Call| call.status.is_some_and(|status| status.is_success());
        let calls: Vec<_> = world.calls.iter().filter(writes).filter(accepted).collect();
        for hold in run.journal.iter().filter(|entry| entry.cause.as_deref() == Some("break-glass")) {
            let spoken = run.journal.iter().filter(|entry| entry.at > hold.at && entry.who.starts_with("person:"));
            let until = spoken.map(|entry| entry.at).min();
            let over = calls.iter().find(|call| {
                call.at > hold.at
                    && until.is_none_or(|until| call.at < until)
                    && call.process != AT_THE_GLASS
                    && !call.process.starts_with("stranger")
            });
            assert!(over.is_none(), "{over:?} after {}{}", hold.what, journal(run));
        }
    }
}
