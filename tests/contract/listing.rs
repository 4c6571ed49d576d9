//! Lists of executions.

use std::sync::Arc;

use stepwright::store::{Execution, ListPosition, ListQuery, Parent, Redriven, Status};

use super::homes::{StoreHome, on_every_store};
use crate::support::build::{MACHINE, at, cursor, execution, failed, id, succeeded};

on_every_store! {
    running_executions_count_by_their_start_others_by_their_stop
    a_list_can_be_read_page_by_page_while_new_executions_come
    executions_of_the_same_time_are_all_listed_once
    a_list_goes_on_after_an_execution_that_is_gone
    the_list_of_another_machine_is_its_own
    a_row_of_a_list_says_how_it_ended
    running_executions_are_found_by_id
    a_closed_execution_can_be_opened_again
    a_child_of_a_map_run_stays_on_the_list_of_its_run
}

fn query(status: Option<Status>, after: Option<ListPosition>, limit: usize) -> ListQuery {
    ListQuery { machine: MACHINE.into(), status, after, limit }
}

fn position(row: &Execution) -> ListPosition {
    let time = row.closing.as_ref().map_or(row.started, |closing| closing.stopped);
    ListPosition { time, id: row.id.clone() }
}

fn names(rows: &[Arc<Execution>]) -> Vec<&str> {
    rows.iter().map(|row| &*row.name).collect()
}

/// All pages, with something done between each two of them.
async fn pages(
    home: &StoreHome,
    status: Option<Status>,
    limit: usize,
    mut between: impl AsyncFnMut(),
) -> Vec<String> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = home.store.list(&query(status, after.take(), limit)).await.unwrap();
        found.extend(names(&page).into_iter().map(str::to_owned));
        let Some(last) = page.last().filter(|_| page.len() == limit) else {
            return found;
        };
        after = Some(position(last));
        between().await;
    }
}

async fn running_executions_count_by_their_start_others_by_their_stop(home: &StoreHome) {
    for (name, start) in [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", 5.0)] {
        home.store.create(execution(name, at(start))).await.unwrap();
    }
    home.store.close(&id("b"), succeeded(at(9.0))).await.unwrap();
    home.store.close(&id("c"), failed(at(4.5))).await.unwrap();
    home.store.close(&id("d"), succeeded(at(8.0))).await.unwrap();
    let table: [(Option<Status>, &[&str]); 5] = [
        (None, &["b", "d", "e", "c", "a"]),
        (Some(Status::Running), &["e", "a"]),
        (Some(Status::Succeeded), &["b", "d"]),
        (Some(Status::Failed), &["c"]),
        (Some(Status::Aborted), &[]),
    ];
    for (status, expected) in table {
        let rows = home.store.list(&query(status, None, 10)).await.unwrap();
        assert_eq!(names(&rows), expected, "{status:?}");
    }
    let rows = home.store.list(&query(None, None, 2)).await.unwrap();
    assert_eq!(names(&rows), ["b", "d"], "no more than asked for");
}

async fn a_list_can_be_read_page_by_page_while_new_executions_come(home: &StoreHome) {
    for n in 0..7 {
        home.store.create(execution(&format!("old{n}"), at(f64::from(n)))).await.unwrap();
    }
    for n in [1, 4] {
        home.store.close(&id(&format!("old{n}")), succeeded(at(f64::from(n)))).await.unwrap();
    }
    let mut newer = 0;
    let found = pages(home, None, 2, async || {
        newer += 1;
        home.store
            .create(execution(&format!("new{newer}"), at(100.0 + f64::from(newer))))
            .await
            .unwrap();
    })
    .await;
    assert_eq!(found, ["old6", "old5", "old4", "old3", "old2", "old1", "old0"]);
    assert_eq!(newer, 3);
}

async fn executions_of_the_same_time_are_all_listed_once(home: &StoreHome) {
    for name in ["b", "d", "a", "e", "c"] {
        home.store.create(execution(name, at(1.0))).await.unwrap();
    }
    home.store.close(&id("d"), succeeded(at(1.0))).await.unwrap();
    for limit in 1..=6 {
        let mut found = pages(home, None, limit, async || {}).await;
        found.sort();
        assert_eq!(found, ["a", "b", "c", "d", "e"], "in pages of {limit}");
    }
}

async fn a_list_goes_on_after_an_execution_that_is_gone(home: &StoreHome) {
    for (name, start) in [("a", 1.0), ("z", 2.0), ("c", 3.0)] {
        home.store.create(execution(name, at(start))).await.unwrap();
    }
    let gone = ListPosition { time: at(2.0), id: id("gone") };
    let rows = home.store.list(&query(None, Some(gone), 9)).await.unwrap();
    assert_eq!(names(&rows), ["a"]);
}

async fn the_list_of_another_machine_is_its_own(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    let other: Arc<str> = format!("{MACHINE}2").into();
    home.store
        .create(Execution { machine: other.clone(), ..execution("b", at(0.0)) })
        .await
        .unwrap();
    let table: [(Arc<str>, &[&str]); 3] =
        [(MACHINE.into(), &["a"]), (other, &["b"]), ("arn:none".into(), &[])];
    for (machine, expected) in table {
        let rows = home.store.list(&ListQuery { machine, ..query(None, None, 9) }).await.unwrap();
        assert_eq!(names(&rows), expected);
    }
}

async fn a_row_of_a_list_says_how_it_ended(home: &StoreHome) {
    let created = execution("a", at(0.0));
    home.store.create(created.clone()).await.unwrap();
    home.store.close(&id("a"), failed(at(2.0))).await.unwrap();
    let rows = home.store.list(&query(None, None, 9)).await.unwrap();
    let row = Execution { input: created.input.clone(), ..(*rows[0]).clone() };
    assert_eq!(row, Execution { closing: Some(failed(at(2.0))), ..created });
}

async fn running_executions_are_found_by_id(home: &StoreHome) {
    for name in ["c", "a", "e", "d", "b"] {
        home.store.create(execution(name, at(0.0))).await.unwrap();
    }
    home.store.close(&id("d"), succeeded(at(1.0))).await.unwrap();
    let table: [(Option<&str>, usize, &[&str]); 5] = [
        (None, 10, &["a", "b", "c", "e"]),
        (None, 2, &["a", "b"]),
        (Some("b"), 2, &["c", "e"]),
        (Some("bb"), 1, &["c"]),
        (Some("e"), 2, &[]),
    ];
    for (after, limit, expected) in table {
        let after = after.map(id);
        let found = home.store.running(after.as_ref(), limit).await.unwrap();
        assert_eq!(found.iter().map(|id| &*id.0).collect::<Vec<_>>(), expected, "{after:?}");
    }
}

async fn a_child_of_a_map_run_stays_on_the_list_of_its_run(home: &StoreHome) {
    const RUN: &str = "arn:aws:states:us-east-1:123456789012:mapRun:orders/label:run";
    let store = &home.store;
    let child = |name, items| {
        let (run, lane, flow) = (RUN.into(), cursor("parent", "0.0", 1), 0);
        let parent = Some(Parent { run, lane, flow, items }.into());
        Execution { parent, ..execution(name, at(1.0)) }
    };
    let [by_id, by_row, running] = [child("a", 2), child("b", 3), child("c", 5)];
    for row in [&by_id, &by_row, &running] {
        store.create(row.clone()).await.unwrap();
    }
    assert!(store.close(&by_id.id, succeeded(at(2.0))).await.unwrap());
    assert!(store.close_row(&by_row, succeeded(at(3.0))).await.unwrap());
    let counted = async || {
        let tally = store.tally(&RUN.into()).await.unwrap();
        [Status::Running, Status::Succeeded].map(|s| (tally.executions(s), tally.items(s)))
    };
    assert_eq!(counted().await, [(1, 5), (2, 5)]);
    let redriven = Redriven { count: 1, at: at(4.0) };
    assert!(store.reopen(&by_row.id, redriven, None).await.unwrap());
    assert_eq!(counted().await, [(2, 8), (1, 2)]);
    let machine = store.list(&query(None, None, 9)).await.unwrap();
    assert_eq!(names(&machine), [""; 0], "they are on no other list");
}

async fn a_closed_execution_can_be_opened_again(home: &StoreHome) {
    let store = &home.store;
    let created = execution("a", at(1.0));
    for row in [created.clone(), execution("b", at(2.0))] {
        store.create(row).await.unwrap();
    }
    let redrive = |count, seconds| Redriven { count, at: at(seconds) };
    assert!(!store.reopen(&id("a"), redrive(1, 2.5), None).await.unwrap(), "it is running");
    store.close(&id("a"), failed(at(3.0))).await.unwrap();
    assert!(!store.reopen(&id("a"), redrive(2, 4.0), None).await.unwrap(), "not the next redrive");
    assert!(store.reopen(&id("a"), redrive(1, 4.0), Some(at(9.0))).await.unwrap());
    let expected =
        Execution { redriven: Some(redrive(1, 4.0)), deadline: Some(at(9.0)), ..created.clone() };
    assert_eq!(store.execution(&id("a")).await.unwrap().as_deref(), Some(&expected));
    let running = store.list(&query(Some(Status::Running), None, 9)).await.unwrap();
    assert_eq!(names(&running), ["a", "b"], "by its redrive");
    assert_eq!(running[0].redriven, Some(redrive(1, 4.0)));
    assert!(store.list(&query(Some(Status::Failed), None, 9)).await.unwrap().is_empty());
    assert_eq!(store.running(None, 9).await.unwrap(), [id("a"), id("b")]);
    assert!(!store.reopen(&id("a"), redrive(1, 4.0), None).await.unwrap(), "the same again");
    assert!(!store.close(&id("a"), failed(at(3.5))).await.unwrap(), "from before the redrive");
    assert!(store.close(&id("a"), failed(at(5.0))).await.unwrap());
    assert_eq!(names(&store.list(&query(Some(Status::Running), None, 9)).await.unwrap()), ["b"]);
    assert!(store.reopen(&id("a"), redrive(2, 6.0), None).await.unwrap());
    let row = store.execution(&id("a")).await.unwrap().unwrap();
    assert_eq!((row.redriven, row.deadline), (Some(redrive(2, 6.0)), None));
}
