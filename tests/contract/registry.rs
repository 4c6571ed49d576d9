//! Registry items.

use stepwright::store::{Item, Kind};

use super::homes::{StoreHome, on_every_store};

on_every_store! {
    an_item_is_written_only_over_the_version_that_was_read
    kinds_have_keys_of_their_own
    items_are_found_by_prefix_page_by_page
    of_many_writers_at_once_one_wins
}

async fn an_item_is_written_only_over_the_version_that_was_read(home: &StoreHome) {
    let put = async |body: &str, expected| {
        home.store.put(Kind::Activity, "k", body.to_owned(), expected).await.unwrap()
    };
    let item = async || home.store.item(Kind::Activity, "k").await.unwrap();
    let version = |body: &str, version| Some(Item { body: body.to_owned(), version });

    assert!(!put("a", Some(1)).await);
    assert_eq!(item().await, None);
    assert!(put("a", None).await);
    assert!(!put("b", None).await && !put("b", Some(2)).await);
    assert_eq!(item().await, version("a", 1));
    assert!(put("b", Some(1)).await);
    assert!(!put("c", Some(1)).await);
    assert_eq!(item().await, version("b", 2));

    assert!(!home.store.remove(Kind::Activity, "k", 1).await.unwrap());
    assert_eq!(item().await, version("b", 2));
    assert!(home.store.remove(Kind::Activity, "k", 2).await.unwrap());
    assert!(!home.store.remove(Kind::Activity, "k", 2).await.unwrap());
    assert_eq!(item().await, None);
    assert!(put("again", None).await);
    assert_eq!(item().await, version("again", 1));
}

async fn kinds_have_keys_of_their_own(home: &StoreHome) {
    let kinds = [Kind::StateMachine, Kind::Definition, Kind::Activity, Kind::Secret];
    for kind in kinds {
        assert!(home.store.put(kind, "k", kind.name().to_owned(), None).await.unwrap());
    }
    for kind in kinds {
        let item = home.store.item(kind, "k").await.unwrap().unwrap();
        assert_eq!(item.body, kind.name());
        assert_eq!(home.store.items(kind, "", None, 9).await.unwrap().len(), 1);
    }
}

async fn items_are_found_by_prefix_page_by_page(home: &StoreHome) {
    for key in ["b#2", "a", "b", "b#10", "c#1", "b#1", "b%", "ü#1"] {
        home.store.put(Kind::Definition, key, "{}".to_owned(), None).await.unwrap();
    }
    let table: [(&str, Option<&str>, usize, &[&str]); 8] = [
        ("", None, 9, &["a", "b", "b#1", "b#10", "b#2", "b%", "c#1", "ü#1"]),
        ("b#", None, 9, &["b#1", "b#10", "b#2"]),
        ("b#", None, 2, &["b#1", "b#10"]),
        ("b#", Some("b#10"), 2, &["b#2"]),
        ("b#", Some("a"), 1, &["b#1"]),
        ("b#", Some("c"), 9, &[]),
        ("ü", None, 9, &["ü#1"]),
        ("d", None, 9, &[]),
    ];
    for (prefix, after, limit, expected) in table {
        let found = home.store.items(Kind::Definition, prefix, after, limit).await.unwrap();
        let keys: Vec<_> = found.iter().map(|(key, _)| &**key).collect();
        assert_eq!(keys, expected, "{prefix} {after:?} {limit}");
    }
}

async fn of_many_writers_at_once_one_wins(home: &StoreHome) {
    let writers = (0..20).map(|n| {
        let store = home.store.clone();
        tokio::spawn(async move {
            store.put(Kind::StateMachine, "k", n.to_string(), None).await.unwrap()
        })
    });
    let mut winners = Vec::new();
    for (n, writer) in writers.collect::<Vec<_>>().into_iter().enumerate() {
        if writer.await.unwrap() {
            winners.push(n.to_string());
        }
    }
    let item = home.store.item(Kind::StateMachine, "k").await.unwrap().unwrap();
    assert_eq!((winners, item.version), (vec![item.body], 1));
}
