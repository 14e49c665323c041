//! What was decoded is encoded to something that decodes to the same.
#![no_main]
use libfuzzer_sys::fuzz_target;
use simulated_azure::service_bus::amqp::codec::{decode::Reader, encode::encoded};

fuzz_target!(|input: &[u8]| {
    let Ok(value) = Reader::new(input.to_vec().into()).value() else { return };
    let again = Reader::new(encoded(&value)).value().expect("our own encoding is always readable");
    // Compared as text: a float that is no number differs from itself.
    assert_eq!(format!("{again:?}"), format!("{value:?}"));
});
