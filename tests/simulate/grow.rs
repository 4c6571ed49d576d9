//! Grows a state machine from a seed: all types of states, nested, in both query languages.
//!
//! What the machine comes to must not depend on the order in which things happen, or there is no telling whether a fault
//! has changed it. So tasks do what their name says, whoever else is called; all that fails within a fork fails alike, so
//! that it does not matter which lane fails first; and times are told apart by days where faults delay things by minutes.

use serde_json::{Value as Json, json};

use super::tree::{Care, Children, Deed, Flow, Map, Node, Pass, Step, Task, Wait, Work};
use crate::support::random::Random;

/// A machine and what it is started with.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) flow: Flow,
    pub(crate) input: Json,
    pub(crate) timeout: Option<u64>,
    /// Whether it has Express children: what delays them for minutes ends them.
    pub(crate) hasty: bool,
}

/// The machine of a seed.
pub(crate) fn machine(seed: u64) -> Machine {
    let mut grower =
        Grower { random: Random::seeded(seed), ids: 0, states: 0, days: 250.0, hasty: false };
    grower.states = 2 + grower.random.below(14) as i32;
    let place = Place { depth: 0, times: 1.0, fork: false, express: false };
    let flow = grower.flow(place, 5);
    let items: Vec<_> = (0..grower.random.below(5)).map(|n| json!(n)).collect();
    let input = json!({"n": grower.random.below(7), "items": items, "s": "x"});
    let timeout = grower.random.chance(0.1).then_some(340 * 86_400);
    Machine { flow, input, timeout, hasty: grower.hasty }
}

struct Grower {
    random: Random,
    ids: u32,
    /// How many more there may be.
    states: i32,
    /// Days that the execution may still wait.
    days: f64,
    hasty: bool,
}

/// Where a flow is.
#[derive(Clone, Copy)]
struct Place {
    depth: u32,
    /// How often it is gone through at most.
    times: f64,
    /// Whether it is in a lane.
    fork: bool,
    /// Whether it is in an Express child, which lives for minutes.
    express: bool,
}

impl Place {
    fn within(self, times: f64) -> Place {
        Place { depth: self.depth + 1, times: self.times * times, ..self }
    }

    fn lane(self, times: f64) -> Place {
        Place { fork: true, ..self.within(times) }
    }
}

impl Grower {
    fn one_in(&mut self, n: usize) -> bool {
        self.random.below(n) == 0
    }

    fn up_to(&mut self, most: u32) -> u32 {
        self.random.below(most as usize + 1) as u32
    }

    /// At least one step.
    fn flow(&mut self, place: Place, most: usize) -> Flow {
        let mut flow = Flow::new();
        for _ in 0..=self.random.below(most) {
            let step = self.step(place);
            let ends = step.node.ends();
            flow.push(step);
            if ends || self.states <= 0 {
                break;
            }
        }
        flow
    }

    fn step(&mut self, place: Place) -> Step {
        self.ids += 1;
        self.states -= 1;
        let (id, jsonata) = (self.ids, self.random.chance(0.4));
        let deep = place.depth >= 3 || self.states < 2;
        let node = match self.random.below(if deep { 10 } else { 16 }) {
            0 | 1 => Node::Pass(self.pass()),
            2..=5 => self.task(place),
            6 | 7 => Node::Wait(self.wait(place)),
            8 => self.end(place),
            9 => Node::Pass(self.pass()),
            10 | 11 => self.choice(place),
            12 => self.again(place),
            13 => self.parallel(place),
            _ => self.map(place),
        };
        Step { id, jsonata, node }
    }

    fn pass(&mut self) -> Pass {
        [Pass::Plain, Pass::Result, Pass::Computed, Pass::Variable][self.random.below(4)]
    }

    fn end(&mut self, place: Place) -> Node {
        match self.random.below(8) {
            0 => Node::Succeed,
            1 => Node::Fail,
            2 if !place.fork => Node::Broken,
            _ => Node::Pass(self.pass()),
        }
    }

    fn wait(&mut self, place: Place) -> Wait {
        if self.one_in(5) {
            return Wait::FromInput;
        }
        let days = [0.0, 0.0, 0.0, 0.01, 1.0, 30.0][self.random.below(6)] * self.random.unit();
        let fits = !place.express && days * place.times <= self.days;
        if !fits || days == 0.0 {
            return Wait::Seconds(self.up_to(20).into());
        }
        self.days -= days * place.times;
        let seconds = (days * 86_400.0) as u64;
        if self.one_in(3) { Wait::Timestamp(seconds) } else { Wait::Seconds(seconds) }
    }

    fn task(&mut self, place: Place) -> Node {
        let kind = if place.express { 0 } else { self.random.below(8) };
        let deed = match self.random.below(10) {
            0..=4 => Deed::Done(if self.one_in(3) { self.up_to(20) } else { 0 }),
            5..=7 => Deed::Flaky(1 + self.up_to(2)),
            8 => Deed::Bad,
            _ => Deed::Late,
        };
        let work = match (kind, deed) {
            (5, Deed::Late) => Work::Token(if self.one_in(2) { Deed::Silent } else { Deed::Late }),
            (5, Deed::Done(_)) if self.one_in(3) => Work::Token(Deed::Beats(1 + self.up_to(3))),
            (5, deed) => Work::Token(deed),
            (6, Deed::Late) => {
                Work::Activity(if self.one_in(2) { Deed::Silent } else { Deed::Late })
            }
            (6, deed) => Work::Activity(deed),
            (7, Deed::Flaky(_)) => Work::Job(Deed::Done(30)),
            (7, deed) => Work::Job(deed),
            (_, deed) => Work::Function(deed, self.one_in(2)),
        };
        Node::Task(Task { work, care: self.care(work.deed(), place) })
    }

    /// Retriers and catchers for a task. Within a fork, only what is bad fails for good.
    fn care(&mut self, deed: Deed, place: Place) -> Care {
        let retries = match deed {
            Deed::Flaky(times) => Some(times + self.up_to(1)),
            _ => self.one_in(4).then(|| 1 + self.up_to(1)),
        };
        let fails = deed.fails(retries);
        let timing = matches!(deed, Deed::Late | Deed::Silent);
        let catches =
            if place.fork && timing { true } else { self.one_in(if fails { 2 } else { 5 }) };
        let caught = catches.then(|| self.short(place));
        Care { retries, caught }
    }

    /// A flow of few steps, or of none.
    fn short(&mut self, place: Place) -> Flow {
        if self.states <= 0 || self.one_in(2) {
            Flow::new()
        } else {
            self.flow(place.within(1.0), 2)
        }
    }

    /// Retriers and catchers for a fork.
    fn care_of_fork(&mut self, place: Place) -> Care {
        let retries = self.one_in(4).then_some(1);
        Care { retries, caught: if self.one_in(3) { Some(self.short(place)) } else { None } }
    }

    fn choice(&mut self, place: Place) -> Node {
        let arms = (0..=self.up_to(1)).map(|_| (self.up_to(6).into(), self.short(place))).collect();
        Node::Choice { arms, default: self.short(place) }
    }

    fn again(&mut self, place: Place) -> Node {
        let times = 2 + self.up_to(2);
        let mut body = self.flow(place.within(times.into()), 3);
        body.retain(|step| !step.node.ends());
        Node::Loop { times, body }
    }

    fn parallel(&mut self, place: Place) -> Node {
        let branches = (0..2 + self.up_to(1)).map(|_| self.flow(place.lane(2.0), 3)).collect();
        Node::Parallel { branches, care: self.care_of_fork(place) }
    }

    fn map(&mut self, place: Place) -> Node {
        let distributed = (place.depth == 0 && self.one_in(4))
            .then(|| Children { express: self.one_in(3), tolerated: self.up_to(2) });
        let items = self.up_to(4);
        let express = distributed.is_some_and(|children| children.express);
        self.hasty |= express;
        let inside = Place { express: place.express || express, ..place.lane(8.0) };
        let body = self.flow(inside, 3);
        let care = self.care_of_fork(place);
        Node::Map(Map { lanes: self.up_to(3), items, body, distributed, care })
    }
}
