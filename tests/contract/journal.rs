//! Rows, records, tails, heartbeats.

use stepwright::store::{Asking, Creation, Error, Insertion, Redriven, Status, Stored};
use stepwright_core::engine::{FrameId, Phase};
use stepwright_core::expr::Document;

use super::homes::{StoreHome, on_every_store};
use crate::support::build::{
    at, cursor, execution, failed, id, last_record, record, record_with, succeeded,
};

on_every_store! {
    an_execution_is_created_once_and_an_existing_one_handed_back
    a_row_comes_back_as_it_was_written
    an_execution_is_closed_once
    what_is_not_there_is_not_an_error_to_read
    nothing_can_be_written_to_an_execution_that_is_not_there
    a_slot_is_taken_once_and_hands_back_its_record
    of_many_at_once_one_gets_the_slot
    a_record_comes_back_as_it_was_written
    the_tail_is_the_last_record_of_its_frame
    the_tail_of_a_frame_that_is_over_is_still_there
    nobody_reads_less_than_was_acknowledged
    a_closed_execution_still_takes_records
    records_are_ordered_by_frame_and_slot_and_filtered_by_fork
    the_last_heartbeat_is_the_latest_one
}

async fn an_execution_is_created_once_and_an_existing_one_handed_back(home: &StoreHome) {
    let first = execution("a", at(0.0));
    assert!(matches!(home.store.create(first.clone()).await, Ok(Creation::Created)));
    let second = execution("a", at(9.0));
    let Ok(Creation::Exists(there)) = home.store.create(second.clone()).await else {
        panic!("created twice");
    };
    assert_eq!(*there, first);
    home.store.close(&first.id, failed(at(1.0))).await.unwrap();
    let Ok(Creation::Exists(there)) = home.store.create(second).await else {
        panic!("created again after its end");
    };
    assert_eq!(there.closing, Some(failed(at(1.0))));
}

async fn a_row_comes_back_as_it_was_written(home: &StoreHome) {
    let mut full = execution("full", at(0.0));
    full.deadline = Some(at(60.0));
    full.version = Some(format!("{}:7", full.machine).into());
    full.alias = Some(format!("{}:LIVE", full.machine).into());
    full.trace_header = Some("Root=1-5759e988-bd862e3fe1be46a994272793".into());
    full.input = Document::from_trusted_text("{\"ü\":  [1.0, \"\\u0000\"]}");
    for row in [full, execution("plain", at(1.5))] {
        home.store.create(row.clone()).await.unwrap();
        assert_eq!(home.store.execution(&row.id).await.unwrap().as_deref(), Some(&row));
    }
    for (name, closing) in [("full", failed(at(2.0))), ("plain", succeeded(at(3.0)))] {
        home.store.close(&id(name), closing.clone()).await.unwrap();
        let row = home.store.execution(&id(name)).await.unwrap().unwrap();
        assert_eq!(row.closing, Some(closing), "{name}");
        assert_eq!(&*row.name, name);
    }
}

async fn an_execution_is_closed_once(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    assert!(home.store.close(&id("a"), succeeded(at(1.0))).await.unwrap());
    assert!(!home.store.close(&id("a"), failed(at(2.0))).await.unwrap());
    let row = home.store.execution(&id("a")).await.unwrap().unwrap();
    assert_eq!((row.status(), row.closing.clone()), (Status::Succeeded, Some(succeeded(at(1.0)))));
}

async fn what_is_not_there_is_not_an_error_to_read(home: &StoreHome) {
    let nowhere = cursor("nobody", "", 0);
    assert_eq!(home.store.execution(&nowhere.execution).await.unwrap(), None);
    assert_eq!(home.store.tail(&nowhere.execution, &nowhere.frame).await.unwrap(), None);
    let records = home.store.records(&nowhere.execution, &nowhere.frame, None).await.unwrap();
    assert_eq!(records, Vec::new());
    let tails = home.store.tails(&nowhere.execution, &nowhere.frame, None).await.unwrap();
    assert_eq!(tails, Vec::new());
    assert_eq!(home.store.joined(&nowhere, 1).await.unwrap().finished, 0);
    assert_eq!(home.store.last_beat(&nowhere).await.unwrap(), None);
}

async fn nothing_can_be_written_to_an_execution_that_is_not_there(home: &StoreHome) {
    let nowhere = cursor("nobody", "", 0);
    let redriven = Redriven { count: 1, at: at(0.0) };
    let always = [
        home.store.close(&nowhere.execution, succeeded(at(0.0))).await.map(|_| ()),
        home.store.reopen(&nowhere.execution, redriven, None).await.map(|_| ()),
    ];
    for error in always {
        assert!(matches!(error, Err(Error::Damaged(_))), "{error:?}");
    }
    let asking = Asking { lane: 0, lanes: 1, finished: 0, recorded: 0, slot: 0, first: 0 };
    let if_it_knows = [
        home.store.insert(&nowhere, record(0, "n")).await.map(|_| ()),
        home.store.join(&nowhere, 0, 1, false).await.map(|_| ()),
        home.store.dispense(&nowhere, asking).await.map(|_| ()),
        home.store.beat(&nowhere, at(0.0)).await,
    ];
    for error in if_it_knows {
        let refused = matches!(error, Err(Error::Damaged(_)));
        assert_eq!(refused, home.knows_rows, "{error:?}");
    }
}

async fn a_slot_is_taken_once_and_hands_back_its_record(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    let slot = cursor("a", "", 0);
    let first = record(0, "mine");
    assert!(matches!(home.store.insert(&slot, first.clone()).await, Ok(Insertion::Inserted)));
    for late in [record(0, "other"), first.clone()] {
        let Ok(Insertion::Exists(there)) = home.store.insert(&slot, late).await else {
            panic!("the slot was taken twice");
        };
        assert_eq!((&*there.nonce, &there), ("mine", &first));
    }
}

async fn of_many_at_once_one_gets_the_slot(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    let tries = (0..50).map(|n| {
        let store = home.store.clone();
        tokio::spawn(async move {
            let nonce = format!("n{n}");
            let insertion = store.insert(&cursor("a", "", 0), record(0, &nonce)).await.unwrap();
            match insertion {
                Insertion::Inserted => (true, nonce),
                Insertion::Exists(there) => (false, there.nonce.to_string()),
            }
        })
    });
    let mut winners = Vec::new();
    let mut seen = Vec::new();
    for attempt in tries.collect::<Vec<_>>() {
        let (won, nonce) = attempt.await.unwrap();
        if won { winners.push(nonce) } else { seen.push(nonce) }
    }
    assert_eq!(winners.len(), 1);
    assert!(seen.iter().all(|nonce| *nonce == winners[0]), "{winners:?} {seen:?}");
}

async fn a_record_comes_back_as_it_was_written(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    let payloads = [
        "null".to_owned(),
        "{\"a\":  \"\\u0000 ü \u{1F4A5}\"}".to_owned(),
        format!("\"{}\"", "x".repeat(262_142)),
    ];
    for (slot, payload) in (0..).zip(payloads) {
        let payload = Document::from_trusted_text(payload);
        let written = record_with(slot, "n", payload.clone(), Phase::Waiting { until: at(7.0) });
        home.store.insert(&cursor("a", "", slot), written.clone()).await.unwrap();
        let all = home.store.records(&id("a"), &FrameId::root(), None).await.unwrap();
        let (frame, read) = all.last().unwrap();
        assert_eq!((frame, read), (&FrameId::root(), &written));
        assert_eq!(read.frame.input.text(), payload.text());
    }
}

async fn the_tail_is_the_last_record_of_its_frame(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    for (frame, slot) in [("", 0), ("", 1), ("1.0", 0), ("", 2), ("1.0", 1), ("1.1", 0)] {
        let nonce = format!("{frame}:{slot}");
        home.store.insert(&cursor("a", frame, slot), record(slot, &nonce)).await.unwrap();
        let tail = home.store.tail(&id("a"), &FrameId(frame.into())).await.unwrap().unwrap();
        assert_eq!(*tail.nonce, nonce);
    }
    for (frame, expected) in [("", ":2"), ("1.0", "1.0:1"), ("1.1", "1.1:0")] {
        let tail = home.store.tail(&id("a"), &FrameId(frame.into())).await.unwrap().unwrap();
        assert_eq!(&*tail.nonce, expected);
    }
    assert_eq!(home.store.tail(&id("a"), &FrameId("1.2".into())).await.unwrap(), None);
}

async fn the_tail_of_a_frame_that_is_over_is_still_there(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    home.store.insert(&cursor("a", "", 0), record(0, "n")).await.unwrap();
    home.store.insert(&cursor("a", "", 1), last_record(1, "end")).await.unwrap();
    for _ in 0..2 {
        let tail = home.store.tail(&id("a"), &FrameId::root()).await.unwrap().unwrap();
        assert_eq!(tail, last_record(1, "end"));
        home.store.close(&id("a"), succeeded(at(1.0))).await.unwrap();
    }
}

/// Many frames, so that a store that remembers tails within bounds must also read them.
async fn nobody_reads_less_than_was_acknowledged(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    let large = Document::from_trusted_text(format!("\"{}\"", "x".repeat(200_000)));
    let lanes = (0..120).map(|lane| {
        let (store, large) = (home.store.clone(), large.clone());
        tokio::spawn(async move {
            let frame = FrameId::root().child(1, lane);
            for slot in 0..5 {
                let written = record_with(slot, "n", large.clone(), Phase::Ready);
                store.insert(&cursor("a", &frame.0, slot), written).await.unwrap();
                let tail = store.tail(&id("a"), &frame).await.unwrap().unwrap();
                assert_eq!(tail.slot, slot, "of {frame}");
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.unwrap();
    }
}

async fn a_closed_execution_still_takes_records(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    home.store.close(&id("a"), failed(at(1.0))).await.unwrap();
    let sealed = record_with(0, "n", Document::empty_object(), Phase::Sealed);
    let insertion = home.store.insert(&cursor("a", "0.0", 0), sealed.clone()).await;
    assert!(matches!(insertion, Ok(Insertion::Inserted)), "unfinished frames are sealed");
    let tail = home.store.tail(&id("a"), &FrameId("0.0".into())).await.unwrap();
    assert_eq!(tail, Some(sealed));
}

async fn records_are_ordered_by_frame_and_slot_and_filtered_by_fork(home: &StoreHome) {
    let written = [
        ("4.1", 0),
        ("", 1),
        ("14.0", 0),
        ("4.10", 0),
        ("4.1/2.0", 0),
        ("4.1/2.0/0.3", 0),
        ("4.1/20.0", 0),
        ("", 0),
        ("4.1", 10),
        ("4.1", 9),
        ("40.0", 0),
    ];
    home.store.create(execution("a", at(0.0))).await.unwrap();
    home.store.create(execution("b", at(0.0))).await.unwrap();
    for (frame, slot) in written {
        home.store.insert(&cursor("a", frame, slot), record(slot, frame)).await.unwrap();
        home.store.insert(&cursor("b", frame, slot), record(slot, "other")).await.unwrap();
    }
    let table: [(&str, Option<u64>, &[&str]); 8] = [
        (
            "",
            None,
            &[
                ":0",
                ":1",
                "14.0:0",
                "4.1:0",
                "4.1:9",
                "4.1:10",
                "4.1/2.0:0",
                "4.1/2.0/0.3:0",
                "4.1/20.0:0",
                "4.10:0",
                "40.0:0",
            ],
        ),
        (
            "",
            Some(4),
            &["4.1:0", "4.1:9", "4.1:10", "4.1/2.0:0", "4.1/2.0/0.3:0", "4.1/20.0:0", "4.10:0"],
        ),
        ("", Some(5), &[]),
        ("4.1", None, &["4.1:0", "4.1:9", "4.1:10", "4.1/2.0:0", "4.1/2.0/0.3:0", "4.1/20.0:0"]),
        ("4.1", Some(2), &["4.1/2.0:0", "4.1/2.0/0.3:0"]),
        ("4.1", Some(20), &["4.1/20.0:0"]),
        ("4.1/2.0", Some(0), &["4.1/2.0/0.3:0"]),
        ("4.10", None, &["4.10:0"]),
    ];
    for (frame, fork, expected) in table {
        let (id, root) = (id("a"), FrameId(frame.into()));
        let found = home.store.records(&id, &root, fork).await.unwrap();
        assert_eq!(found.iter().map(place).collect::<Vec<_>>(), expected, "{frame} {fork:?}");
        let tails = home.store.tails(&id, &root, fork).await.unwrap();
        assert_eq!(tails, last_of_each_frame(&found), "{frame} {fork:?}");
    }
}

fn place((frame, record): &Stored) -> String {
    assert_eq!(frame.0, record.nonce, "of execution a, in its own frame");
    format!("{frame}:{}", record.slot)
}

fn last_of_each_frame(records: &[Stored]) -> Vec<Stored> {
    let frames = records.chunk_by(|(one, _), (next, _)| one == next);
    frames.filter_map(|frame| frame.last().cloned()).collect()
}

async fn the_last_heartbeat_is_the_latest_one(home: &StoreHome) {
    home.store.create(execution("a", at(0.0))).await.unwrap();
    let ticket = cursor("a", "1.0", 3);
    assert_eq!(home.store.last_beat(&ticket).await.unwrap(), None);
    for (beat, expected) in [(5.0, 5.0), (7.0, 7.0), (6.0, 7.0)] {
        home.store.beat(&ticket, at(beat)).await.unwrap();
        assert_eq!(home.store.last_beat(&ticket).await.unwrap(), Some(at(expected)));
    }
    assert_eq!(home.store.last_beat(&cursor("a", "1.0", 4)).await.unwrap(), None);
    assert_eq!(home.store.last_beat(&cursor("a", "", 3)).await.unwrap(), None);
}
