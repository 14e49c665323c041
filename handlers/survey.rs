//! People's looks at what is there: `site init` and `doctor`, what they gather and how they judge it. Nothing but the
//! command line uses it.
pub mod checkup;
pub mod discovery;
pub mod doctor;
pub mod site_init;
