//! A person's orders.
use super::app::App;
use super::commit::{Changed, change};
use crate::run::verbs::{Order, Refusal, obey};

/// What became of an order.
pub type Obeyed = Changed<Refusal>;

/// Carries out a person's order.
///
/// # Errors
/// When the store does not answer, or the run changes under our hands again and again.
pub async fn give(app: &App, site: &str, order: &Order) -> anyhow::Result<Obeyed> {
    change(app, site, |run, now| obey(run, order, now)).await
}
