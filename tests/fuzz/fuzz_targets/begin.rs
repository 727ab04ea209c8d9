#![no_main]
#[path = "../begin.rs"]
mod begin;
#[path = "../targets/mod.rs"]
mod targets;
libfuzzer_sys::fuzz_target!(|_data: &[u8]| { begin::begin(std::path::Path::new(&std::env::var("BEGIN").unwrap())).unwrap(); std::process::exit(0) });
