//! `stepwright-fuzz TARGET|all (--seconds N | --inputs N | --requests N | --seeds DIRECTORY | FILE…) [--seed N]`: fuzzes a
//! target on any toolchain, writes down what it begins with, or shows what a file does to it.

use std::process::ExitCode;
use std::time::Duration;

use stepwright_fuzz::run::{Until, run};
use stepwright_fuzz::{Target, bound, seeds, targets};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let named = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let name = arguments.first().map_or("all", String::as_str);
    let chosen: Vec<&'static Target> =
        targets().filter(|target| name == "all" || target.name == name).collect();
    if chosen.is_empty() {
        println!("there is no target {name}");
        return ExitCode::FAILURE;
    }
    if let Some(at) = arguments.iter().position(|argument| argument == "--seeds") {
        let place = arguments.get(at + 1).map_or("seeds", String::as_str);
        return written(&chosen, std::path::Path::new(place));
    }
    let files: Vec<_> =
        arguments.iter().skip(1).filter(|argument| argument.contains('/')).collect();
    let seed = named("--seed").unwrap_or(1);
    let number = |name: &str| named(name).map(|n| n as usize);
    let until = match (number("--inputs"), number("--requests")) {
        (Some(inputs), _) => Until::Inputs(inputs),
        (_, Some(requests)) => Until::Requests(requests),
        _ => Until::Time(Duration::from_secs(named("--seconds").unwrap_or(60))),
    };
    let mut failed = false;
    for target in chosen {
        for file in &files {
            let input = std::fs::read(file).unwrap_or_default();
            let told = bound::within(|| (target.run)(&input));
            failed |= told.is_err();
            println!("{} {file}: {told:?}", target.name);
        }
        if files.is_empty() {
            failed |= !ran(target, seed, until);
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Writes the seeds of targets, a file each.
fn written(chosen: &[&'static Target], place: &std::path::Path) -> ExitCode {
    for target in chosen {
        let place = place.join(target.name);
        let made = std::fs::create_dir_all(&place);
        let mut written = seeds(target)
            .into_iter()
            .enumerate()
            .map(|(number, seed)| std::fs::write(place.join(format!("seed-{number}")), seed));
        if let Err(error) = made.and_then(|()| written.try_for_each(|written| written)) {
            println!("{}: {error}", place.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Runs a target and says what came of it.
fn ran(target: &'static Target, seed: u64, until: Until) -> bool {
    let begun = std::time::Instant::now();
    let told = run(target, seed, until);
    match &told {
        Ok(seen) => println!(
            "{}: {} inputs, {} requests in {:.0} s (seed {seed}); at most {:.3} s and {} KB for one",
            target.name,
            seen.inputs,
            seen.requests,
            begun.elapsed().as_secs_f64(),
            seen.most.time.as_secs_f64(),
            seen.most.bytes >> 10,
        ),
        Err(why) => println!("{why}"),
    }
    told.is_ok()
}
