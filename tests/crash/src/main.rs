//! `make kill`: kills as often as asked for and prints the verdict.
//!
//! Arguments: the binary, how many kills, how many executions are kept running, a seed.
#![allow(clippy::unwrap_used, reason = "a harness fails where it stands")]

use std::process::ExitCode;

use stepwright_crash::{Plan, recover, run};

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments.next().unwrap_or_else(|| "target/release/stepwright".to_owned());
    let mut number = |default| arguments.next().map_or(default, |text| text.parse().unwrap());
    let (kills, in_flight, seed) = (number(2_000), number(1_000), number(1));
    let in_flight = usize::try_from(in_flight).unwrap();
    let plan =
        Plan { binary: binary.into(), kills: usize::try_from(kills).unwrap(), in_flight, seed };
    let recovery = recover(&plan.binary, 10_000).await;
    println!(
        "{} open executions: the first answer after {:?}, all taken up after {:?}",
        recovery.resumed, recovery.answering, recovery.whole
    );
    let report = run(&plan).await;
    println!(
        "{} kills ({} of them before the greeting), {} executions running on the average; start to greeting {:?}, life {:?}",
        report.kills, report.early, report.running, report.start, report.life
    );
    print!("{}", report.verdict);
    if report.verdict.sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
