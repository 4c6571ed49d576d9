//! Targets under libFuzzer. What it mutates by chance is mutated by the targets' own rules as often.

use std::cell::RefCell;

use stepwright_fuzz::{Mutator, Target, bound, seeds, targets};

/// The program of one target.
#[macro_export]
macro_rules! guided {
    ($name:literal) => {
        libfuzzer_sys::fuzz_target!(|input: &[u8]| $crate::run($name, input));
        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
            if seed % 2 == 0 {
                libfuzzer_sys::fuzzer_mutate(data, size, most)
            } else {
                $crate::mutate($name, data, size.min(most), seed)
            }
        });
    };
}

/// Runs a target on an input. Panics if it goes beyond a bound, so that libFuzzer keeps the input.
pub fn run(name: &str, input: &[u8]) {
    if let Err(why) = bound::within(|| (target(name).run)(input)) {
        panic!("{why}");
    }
}

/// Changes an input in place; its new size.
pub fn mutate(name: &str, data: &mut [u8], size: usize, seed: u32) -> usize {
    thread_local! {
        static MUTATOR: RefCell<Option<Mutator>> = const { RefCell::new(None) };
    }
    MUTATOR.with_borrow_mut(|mutator| {
        let made = || Mutator::new(seeds(target(name)), u64::from(seed));
        let changed = mutator.get_or_insert_with(made).changed(&data[..size]);
        let length = changed.len().min(data.len());
        data[..length].copy_from_slice(&changed[..length]);
        length
    })
}

fn target(name: &str) -> &'static Target {
    targets().find(|target| target.name == name).expect("a target")
}
