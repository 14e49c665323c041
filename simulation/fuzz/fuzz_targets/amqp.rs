//! Whatever comes behind the protocol header, the connection ends and nothing panics.
#![no_main]
use libfuzzer_sys::fuzz_target;
use simulated_azure::{
    Clock, Process, SimulatedAzure, doors::amqp, service_bus::QueueOptions,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fuzz_target!(|input: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without input and output can always be made").block_on(async {
        let azure = SimulatedAzure::new(Clock::starting_at(jiff::Timestamp::UNIX_EPOCH));
        azure.world().service_bus.add_queue("work", QueueOptions::default());
        let (ours, theirs) = tokio::io::duplex(4096);
        let (mut reader, mut writer) = tokio::io::split(ours);
        let said = async {
            let _ = writer.write_all(b"AMQP\x00\x01\x00\x00").await;
            let _ = writer.write_all(input).await;
            let _ = writer.shutdown().await;
        };
        let heard = async {
            let mut rest = [0; 4096];
            while reader.read(&mut rest).await.is_ok_and(|count| count > 0) {}
        };
        tokio::join!(amqp::serve(azure, Process::new("fuzz"), theirs), said, heard);
    });
});
