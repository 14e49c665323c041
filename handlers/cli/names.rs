//! Words of the command line that name one of a few things: shown in the help, and complained about with the others.
use crate::plan::Kind;
use crate::plan::request::{plain_name, plain_version};
use crate::run::verbs::{Direction, Verb};
use crate::site::Colour;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::convert::Infallible;

pub fn kind() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).try_map(|name| Kind::named(&name).ok_or("no kind"))
}

/// What was written as `roll_back` before is still read.
pub fn verb() -> impl TypedValueParser<Value = Verb> {
    let known = |verb: Verb| match (verb, PossibleValue::new(verb.name())) {
        (Verb::RollBack, value) => value.alias("roll_back"),
        (_, value) => value,
    };
    let known = Verb::ALL.map(known);
    PossibleValuesParser::new(known).try_map(|name| Verb::named(&name).ok_or("no verb"))
}

pub fn colour() -> impl TypedValueParser<Value = Colour> {
    PossibleValuesParser::new(Colour::ALL.map(Colour::name)).try_map(|name| Colour::named(&name).ok_or("no colour"))
}

pub fn direction() -> impl TypedValueParser<Value = Direction> {
    let named = |name: String| Direction::ALL.into_iter().find(|one| one.name() == name).ok_or("no direction");
    PossibleValuesParser::new(Direction::ALL.map(Direction::name)).try_map(named)
}

/// A site's name as people write it, as in a message.
///
/// # Errors
/// None: whether it is one is seen later.
pub fn site(text: &str) -> Result<String, Infallible> {
    Ok(plain_name(text))
}

/// A version as people write it, as in a message.
///
/// # Errors
/// None: whether it is one is seen later.
pub fn version(text: &str) -> Result<String, Infallible> {
    Ok(plain_version(text))
}
