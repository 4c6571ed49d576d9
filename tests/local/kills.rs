//! A few kills of the real server under load; `make kill` does thousands.

use stepwright_crash::{Plan, recover, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_at_random_moments_loses_nothing_and_does_nothing_twice() {
    let binary = env!("CARGO_BIN_EXE_stepwright").into();
    let report = run(&Plan { binary, kills: 20, in_flight: 100, seed: 11 }).await;
    assert!(report.verdict.sound(), "{}", report.verdict);
    let looked_at = &report.verdict;
    assert!(looked_at.executions >= 90 && looked_at.tasks > 90, "{looked_at}");
    assert!(looked_at.lost_workers > 0, "no kill hit a task: {looked_at}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_after_a_kill_takes_up_all_that_was_open() {
    let recovery = recover(env!("CARGO_BIN_EXE_stepwright").as_ref(), 500).await;
    assert_eq!(recovery.resumed, 500);
}
