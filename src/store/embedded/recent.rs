//! A map within bounds that keeps what was used lately.
//!
//! Two generations instead of a list of uses: what is used moves to the young one; when the young one is full it becomes
//! the old one, and what was in the old one is gone. As good as a list for this purpose, and a tenth of its code.

use std::collections::HashMap;
use std::hash::Hash;

/// A bounded map.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    young: HashMap<K, Weighed<V>>,
    old: HashMap<K, Weighed<V>>,
    weight: usize,
    limit: usize,
}

#[derive(Debug)]
struct Weighed<V> {
    value: V,
    weight: usize,
}

impl<K: Eq + Hash + Clone, V> Recent<K, V> {
    /// A map whose values weigh about `limit` at most, in whatever unit [`Recent::insert`] is told.
    pub(super) fn within(limit: usize) -> Recent<K, V> {
        Recent { young: HashMap::new(), old: HashMap::new(), weight: 0, limit: limit / 2 }
    }

    /// The value, which is used by this.
    pub(super) fn get(&mut self, key: &K) -> Option<&mut V> {
        if !self.young.contains_key(key) {
            let Weighed { value, weight } = self.old.remove(key)?;
            self.insert(key.clone(), value, weight);
        }
        self.young.get_mut(key).map(|weighed| &mut weighed.value)
    }

    /// Puts a value in the place of what was there.
    pub(super) fn insert(&mut self, key: K, value: V, weight: usize) {
        if self.weight >= self.limit {
            self.old = std::mem::take(&mut self.young);
            self.weight = 0;
        }
        self.remove(&key);
        self.weight += weight;
        self.young.insert(key, Weighed { value, weight });
    }

    /// Forgets a value.
    pub(super) fn remove(&mut self, key: &K) {
        self.old.remove(key);
        if let Some(before) = self.young.remove(key) {
            self.weight -= before.weight;
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Recent::within(self.limit * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut map = Recent::within(8);
        for n in 0..100 {
            map.insert(n, n, 1);
            assert_eq!(map.get(&0), Some(&mut 0), "used all the time");
        }
        assert_eq!(map.get(&50), None);
        assert_eq!(map.get(&99), Some(&mut 99));
        assert!(map.young.len() + map.old.len() <= 9);
    }

    #[test]
    fn a_value_in_the_place_of_another_does_not_weigh_twice() {
        let mut map = Recent::within(8);
        map.insert('a', 1, 1);
        for n in 0..100 {
            map.insert('b', n, 1);
        }
        assert_eq!(map.get(&'a'), Some(&mut 1));
    }

    #[test]
    fn an_old_value_never_comes_back_after_a_new_one() {
        let mut map = Recent::within(4);
        map.insert('a', 1, 1);
        for filler in ['b', 'c'] {
            map.insert(filler, 0, 1);
        }
        map.insert('a', 2, 1);
        for filler in ['d', 'e', 'f', 'g'] {
            assert_ne!(map.get(&'a'), Some(&mut 1));
            map.insert(filler, 0, 1);
        }
        map.remove(&'a');
        assert_eq!(map.get(&'a'), None);
    }
}
