//! A target over its corpus and over mutations: the way that needs nothing but this toolchain.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::bound::{self, Cost};
use crate::target::api_round;
use crate::{Mutator, Target, seed};

/// How long a run goes on.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// So many inputs.
    Inputs(usize),
    /// So long.
    Time(Duration),
    /// So many requests for each operation of the API, each of them wrong in its own way.
    Requests(usize),
}

/// What a run saw.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Inputs, those of the corpus included.
    pub inputs: usize,
    /// Requests to the API, if they were counted.
    pub requests: usize,
    /// The most that one input took.
    pub most: Cost,
}

/// Runs a target in a thread of its own, whose stack is as large as a server's.
///
/// # Errors
/// What an input did that none may do, and where the input was left.
pub fn run(target: &'static Target, seed: u64, until: Until) -> Result<Seen, String> {
    let work = move || turns(target, seed, until);
    let thread = std::thread::Builder::new().name(target.name.to_owned()).stack_size(bound::STACK);
    let thread = thread.spawn(work).map_err(|error| error.to_string())?;
    thread.join().unwrap_or_else(|_| Err("the thread broke down".to_owned()))
}

fn turns(target: &'static Target, seed: u64, until: Until) -> Result<Seen, String> {
    let mut seen = Seen::default();
    for (name, input) in seed::corpus(target.name) {
        once(target, &input, &mut seen).map_err(|why| format!("corpus, {name}: {why}"))?;
    }
    let mut mutator = Mutator::new(seed::seeds(target), seed);
    let begun = Instant::now();
    loop {
        let over = match until {
            Until::Inputs(inputs) => seen.inputs >= inputs,
            Until::Time(time) => begun.elapsed() >= time,
            Until::Requests(requests) => seen.requests >= requests * crate::OPERATIONS.len(),
        };
        if over {
            return Ok(seen);
        }
        match until {
            Until::Requests(_) => {
                for (input, requests) in api_round(&mut mutator) {
                    once(target, &input, &mut seen)?;
                    seen.requests += requests;
                }
            }
            _ => once(target, &mutator.input(), &mut seen)?,
        }
    }
}

fn once(target: &Target, input: &[u8], seen: &mut Seen) -> Result<(), String> {
    let traced = std::env::var_os("FUZZ_TRACE").is_some();
    if traced {
        // An overflowing stack ends the process before anything can be said.
        let _ = leave(target, input);
    }
    seen.inputs += 1;
    match bound::within(|| (target.run)(input)) {
        Ok(cost) => {
            seen.most.time = seen.most.time.max(cost.time);
            seen.most.bytes = seen.most.bytes.max(cost.bytes);
            Ok(())
        }
        Err(why) => {
            let place = leave(target, input).map(|place| place.display().to_string());
            Err(format!("{}: {why}; the input is {}", target.name, place.unwrap_or_default()))
        }
    }
}

/// Leaves an input where it can be looked at.
fn leave(target: &Target, input: &[u8]) -> Option<PathBuf> {
    let place = std::env::temp_dir().join(format!("stepwright-fuzz-{}", target.name));
    let mut file = std::fs::File::create(&place).ok()?;
    file.write_all(input).ok()?;
    Some(place)
}
