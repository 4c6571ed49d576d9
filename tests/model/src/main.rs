//! `make model`: checks all of it and prints what was seen. An argument names the cases (a part of their names is enough),
//! `mutants` the mistakes.

use std::process::ExitCode;
use std::time::Instant;

use stepwright_model::mutant::Mutant;
use stepwright_model::{check, mixes, way};

fn main() -> ExitCode {
    let only = std::env::args().nth(1);
    let mut total = 0;
    let mut sound = true;
    for case in mixes::whole() {
        if only.as_ref().is_some_and(|only| !case.0.contains(only.as_str())) {
            continue;
        }
        let begun = Instant::now();
        let verdict = check(case, None);
        total += verdict.worlds;
        println!(
            "{:>12} worlds, {:>12} steps  {:6.1} s  {}",
            verdict.worlds,
            verdict.steps,
            begun.elapsed().as_secs_f64(),
            case.0
        );
        if let Some(law) = verdict.violation {
            sound = false;
            println!("  BROKEN: {law}");
            let (law, steps) = way(case, None).unwrap_or_default();
            println!("  {law}, after\n    {}", steps.join("\n    "));
        } else if let Some(unreached) = verdict.unreached {
            sound = false;
            println!("  NEVER: {unreached}");
        }
    }
    println!("{total:>12} worlds in all");
    if only.as_deref().is_none_or(|only| only == "mutants") {
        for mutant in Mutant::ALL {
            let case = mixes::revealing(mutant);
            match way(case, Some(mutant)) {
                Some((law, steps)) => {
                    println!("{mutant:?}: found out ({}: {law}, {} steps)", case.0, steps.len());
                }
                None => {
                    sound = false;
                    println!("{mutant:?}: NOT FOUND OUT");
                }
            }
        }
    }
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
