//! A function has only so many processes at a time.

use std::time::Duration;

use stepwright::task::{Performer, Settings, Tasks};
use stepwright_core::engine::TaskOutcome;

use super::{Local, call, function, plain};

#[tokio::test]
async fn the_wait_for_a_process_does_not_count_against_the_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("functions.json");
    std::fs::write(&file, r#"{"f": {"run": "cat", "processes": 1}}"#).unwrap();
    let table = [
        (Local::limited(10, &[], &[file]), "a functions file says how many"),
        (Local::limited(1, &["f=cat".to_owned()], &[]), "else the host does"),
    ];
    for (local, reason) in table {
        let place = local.functions.place("f").await.unwrap();
        let tasks = Tasks::new(local.functions.clone(), Settings::default());
        let task = call(function("f"), "1", Some(2));
        let waiting = tokio::spawn(async move { tasks.perform(&task).await });
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        assert!(!waiting.is_finished(), "{reason}");
        drop(place);
        assert_eq!(plain(waiting.await.unwrap()), Ok("1".to_owned()), "{reason}");
    }
}

#[tokio::test]
async fn the_timeout_counts_from_the_place_on() {
    let local = Local::limited(1, &["f=sleep 600".to_owned()], &[]);
    let tasks = Tasks::new(local.functions.clone(), Settings::default());
    let task = call(function("f"), "1", Some(1));
    let (one, other) = tokio::join!(tasks.perform(&task), tasks.perform(&task));
    assert_eq!((one, other), (TaskOutcome::TimedOut, TaskOutcome::TimedOut));
}
