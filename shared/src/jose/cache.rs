//! What has been worked out lately.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, PoisonError};

/// Values by the text that they were worked out from. It keeps only a hash of the text, and forgets what isn't asked for.
///
/// There are two generations: what is found in the old one moves to the young one, and when the young one is full
/// it becomes the old one. So it holds at most `capacity` values, and a flood of new texts costs no search for a victim.
pub(crate) struct Cache<V> {
    capacity: usize,
    generations: Mutex<Generations<V>>,
}

/// The SHA-256 of a text.
pub(crate) type Key = [u8; 32];

impl<V: Clone> Cache<V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, generations: Mutex::default() }
    }

    pub(crate) fn key(text: &str) -> Key {
        super::sha256(text.as_bytes())
    }

    pub(crate) fn find(&self, key: &Key) -> Option<V> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = generations.young.get(key) {
            return Some(value.clone());
        }
        let value = generations.old.remove(key)?;
        generations.add(*key, value.clone(), self.capacity);
        Some(value)
    }

    pub(crate) fn insert(&self, key: Key, value: V) {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner).add(key, value, self.capacity);
    }
}

struct Generations<V> {
    young: HashMap<Key, V>,
    old: HashMap<Key, V>,
}

impl<V> Generations<V> {
    fn add(&mut self, key: Key, value: V, capacity: usize) {
        if self.young.len() >= capacity / 2 {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

impl<V> Default for Generations<V> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_holds_more_than_its_capacity() {
        let cache = Cache::new(8);
        for i in 0..100_u32 {
            cache.insert(Cache::<u32>::key(&i.to_string()), i);
            let generations = cache.generations.lock().unwrap();
            assert!(generations.young.len() + generations.old.len() <= 8);
        }
        assert_eq!(cache.find(&Cache::<u32>::key("99")), Some(99));
        assert_eq!(cache.find(&Cache::<u32>::key("0")), None);
    }

    #[test]
    fn what_is_asked_for_stays() {
        let cache = Cache::new(8);
        let kept = Cache::<u32>::key("kept");
        cache.insert(kept, 7);
        for i in 0..100_u32 {
            cache.insert(Cache::<u32>::key(&i.to_string()), i);
            assert_eq!(cache.find(&kept), Some(7));
        }
    }
}
