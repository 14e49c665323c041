//! A prober that sends users' requests and counts what came back.
