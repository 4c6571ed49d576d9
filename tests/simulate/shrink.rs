//! Makes a failing case small: fewer states, fewer kinds of faults, fewer faults, as long as something still goes wrong.

use super::case::{Case, judged};
use super::run::Drama;
use super::tree::{Flow, Node, size};

/// The smallest failing case that is found.
pub(crate) fn shrink(case: Case) -> Case {
    let mut best = case;
    let mut rounds = 0;
    let wrong = judged(&best).err().unwrap_or_default();
    let alike = |why: &str| kind(why) == kind(&wrong);
    while let Some(smaller) = candidates(&best).into_iter().find_map(|case| failing(&case, alike)) {
        best = smaller;
        rounds += 1;
        if rounds > 200 {
            break;
        }
    }
    fewer_faults(best, alike)
}

/// What went wrong, in a word: cutting must not lead from one thing to another.
fn kind(why: &str) -> &str {
    why.split([' ', ':']).find(|word| word.chars().all(char::is_alphabetic)).unwrap_or_default()
}

/// The case, by this seed of chance or another one, if it fails in the same way.
fn failing(case: &Case, alike: impl Fn(&str) -> bool) -> Option<Case> {
    (0..SEEDS).find_map(|more| {
        let mut case = case.clone();
        case.run.seed = case.run.seed.wrapping_add(more);
        fails(&case, &alike).then_some(case)
    })
}

/// Whether something goes wrong but the cutting: that may leave a definition that is none.
fn fails(case: &Case, alike: impl Fn(&str) -> bool) -> bool {
    judged(case).is_err_and(|why| alike(&why) && !why.contains("CreateStateMachine"))
}

/// Cases that are one step smaller.
fn candidates(case: &Case) -> Vec<Case> {
    let mut found = Vec::new();
    let steps = size(&mut case.machine.flow.clone());
    for cut in [remove, hoist, simplify] {
        for nth in 0..steps {
            let mut smaller = case.clone();
            if cut(&mut smaller.machine.flow, &mut nth.clone()) {
                found.push(smaller);
            }
        }
    }
    if case.machine.timeout.is_some() {
        let mut smaller = case.clone();
        smaller.machine.timeout = None;
        found.push(smaller);
    }
    if !matches!(case.run.drama, Drama::None) {
        let mut smaller = case.clone();
        smaller.run.drama = Drama::None;
        found.push(smaller);
    }
    calmer(case, &mut found);
    found
}

/// Cases with one kind of trouble less.
fn calmer(case: &Case, found: &mut Vec<Case>) {
    let kinds: [fn(&mut Case) -> &mut f64; 8] = [
        |case| &mut case.run.risks.crash,
        |case| &mut case.run.risks.kill,
        |case| &mut case.run.risks.pause,
        |case| &mut case.run.risks.skew,
        |case| &mut case.run.risks.habits.duplicate,
        |case| &mut case.run.risks.habits.copy,
        |case| &mut case.run.risks.habits.delay,
        |case| &mut case.run.risks.habits.lose,
    ];
    for kind in kinds {
        let mut smaller = case.clone();
        let risk = kind(&mut smaller);
        if *risk > 0.0 {
            *risk = 0.0;
            found.push(smaller);
        }
    }
    let mut smaller = case.clone();
    if smaller.run.risks.habits.reorder > 0.0 {
        smaller.run.risks.habits.reorder = 0.0;
        found.push(smaller.clone());
    }
    if let crate::support::fault::Plan::Random { before, after } = case.run.risks.plan {
        for (before, after) in [(0.0, after), (before, 0.0)] {
            let mut smaller = case.clone();
            smaller.run.risks.plan = crate::support::fault::Plan::Random { before, after };
            if format!("{:?}", smaller.run.risks.plan) != format!("{:?}", case.run.risks.plan) {
                found.push(smaller);
            }
        }
    }
    for (workers, turns) in [(1, case.run.risks.turns), (case.run.risks.workers, 1)] {
        if (workers, turns) != (case.run.risks.workers, case.run.risks.turns) {
            let mut smaller = case.clone();
            (smaller.run.risks.workers, smaller.run.risks.turns) = (workers, turns);
            found.push(smaller);
        }
    }
}

/// Leaves faults out, from the end and then one by one.
fn fewer_faults(mut case: Case, alike: impl Fn(&str) -> bool) -> Case {
    let fails = |case: &Case| fails(case, &alike);
    let (mut low, mut high) = (0, 4_096);
    while low < high {
        let middle = (low + high) / 2;
        let mut smaller = case.clone();
        smaller.run.spared.end = middle;
        if fails(&smaller) { high = middle } else { low = middle + 1 }
    }
    let mut smaller = case.clone();
    smaller.run.spared.end = high;
    if fails(&smaller) {
        case = smaller;
    }
    for number in 0..case.run.spared.end.min(300) {
        let mut smaller = case.clone();
        smaller.run.spared.numbers.insert(number);
        if fails(&smaller) {
            case = smaller;
        }
    }
    case
}

/// Takes the `nth` step out.
fn remove(flow: &mut Flow, nth: &mut usize) -> bool {
    at(flow, nth, &mut |flow, place| {
        flow.remove(place);
        true
    })
}

/// Puts what is in the `nth` step in its place.
fn hoist(flow: &mut Flow, nth: &mut usize) -> bool {
    at(flow, nth, &mut |flow, place| {
        let inner = flow[place].node.flows_mut().into_iter().find(|flow| !flow.is_empty());
        let Some(inner) = inner.map(std::mem::take) else { return false };
        flow.splice(place..=place, inner);
        true
    })
}

/// Makes the `nth` step plainer.
fn simplify(flow: &mut Flow, nth: &mut usize) -> bool {
    at(flow, nth, &mut |flow, place| {
        let step = &mut flow[place];
        let care = match &mut step.node {
            Node::Task(task) => Some(&mut task.care),
            Node::Parallel { care, .. } => Some(care),
            Node::Map(map) => Some(&mut map.care),
            _ => None,
        };
        if care.is_some_and(|care| care.caught.take().is_some() || care.retries.take().is_some()) {
            return true;
        }
        match &mut step.node {
            Node::Parallel { branches, .. } if branches.len() > 1 => drop(branches.pop()),
            Node::Map(map) if map.items > 1 => map.items -= 1,
            Node::Loop { times, .. } if *times > 1 => *times -= 1,
            _ if step.jsonata => step.jsonata = false,
            _ => return false,
        }
        true
    })
}

/// Does something to the `nth` step, counted through all flows.
fn at(flow: &mut Flow, nth: &mut usize, act: &mut impl FnMut(&mut Flow, usize) -> bool) -> bool {
    for place in 0..flow.len() {
        if *nth == 0 {
            return act(flow, place);
        }
        *nth -= 1;
        let within: Vec<_> = flow[place].node.flows_mut();
        for inner in within {
            let before = size(inner);
            if *nth < before {
                return at(inner, nth, act);
            }
            *nth -= before;
        }
    }
    false
}

/// Other seeds of chance that a smaller case is tried with.
const SEEDS: u64 = 150;
