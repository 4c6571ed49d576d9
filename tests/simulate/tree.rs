//! A state machine as a tree: what the generator grows, the renderer writes as a definition, and the shrinker cuts.

/// States one after the other.
pub(crate) type Flow = Vec<Step>;

/// One state, with the few that belong to it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Names it.
    pub(crate) id: u32,
    /// Whether it is written in JSONata instead of JSONPath.
    pub(crate) jsonata: bool,
    pub(crate) node: Node,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Pass(Pass),
    /// Takes a field that is not there.
    Broken,
    Task(Task),
    Wait(Wait),
    Choice {
        arms: Vec<(i64, Flow)>,
        default: Flow,
    },
    Loop {
        times: u32,
        body: Flow,
    },
    Parallel {
        branches: Vec<Flow>,
        care: Care,
    },
    Map(Map),
    Succeed,
    Fail,
}

/// What a Pass state does with data.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pass {
    Plain,
    Result,
    Computed,
    Variable,
}

/// A Wait state: how long, and how that is said.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    Seconds(u64),
    Timestamp(u64),
    FromInput,
}

/// A Task state.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) work: Work,
    pub(crate) care: Care,
}

/// Who does a task, and what comes of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// A function, called by its ARN or through `lambda:invoke`.
    Function(Deed, bool),
    /// A `.waitForTaskToken` integration.
    Token(Deed),
    /// An activity.
    Activity(Deed),
    /// A `.sync` integration.
    Job(Deed),
}

/// What comes of a task.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    /// Done after so many seconds.
    Done(u32),
    /// Fails so many times, and is then done.
    Flaky(u32),
    /// Fails each time.
    Bad,
    /// Is not done before its timeout.
    Late,
    /// Is done after so many heartbeats, each of which comes just in time.
    Beats(u32),
    /// Sends no heartbeat.
    Silent,
}

/// Retriers and catchers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Care {
    /// Attempts after the first one.
    pub(crate) retries: Option<u32>,
    /// Where errors lead.
    pub(crate) caught: Option<Flow>,
}

/// A Map state.
#[derive(Clone, Debug)]
pub(crate) struct Map {
    pub(crate) lanes: u32,
    pub(crate) items: u32,
    pub(crate) body: Flow,
    pub(crate) distributed: Option<Children>,
    pub(crate) care: Care,
}

/// The child executions of a distributed Map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Children {
    pub(crate) express: bool,
    pub(crate) tolerated: u32,
}

impl Deed {
    /// Whether it fails if it is tried this often.
    pub(crate) fn fails(self, retries: Option<u32>) -> bool {
        match self {
            Deed::Done(_) | Deed::Beats(_) => false,
            Deed::Flaky(times) => retries.unwrap_or(0) < times,
            Deed::Bad | Deed::Late | Deed::Silent => true,
        }
    }
}

impl Work {
    pub(crate) fn deed(self) -> Deed {
        match self {
            Work::Function(deed, _)
            | Work::Token(deed)
            | Work::Activity(deed)
            | Work::Job(deed) => deed,
        }
    }
}

impl Node {
    /// The flows in it.
    pub(crate) fn flows_mut(&mut self) -> Vec<&mut Flow> {
        match self {
            Node::Task(task) => task.care.caught.iter_mut().collect(),
            Node::Choice { arms, default } => {
                arms.iter_mut().map(|(_, flow)| flow).chain([default]).collect()
            }
            Node::Loop { body, .. } => vec![body],
            Node::Parallel { branches, care } => {
                branches.iter_mut().chain(care.caught.as_mut()).collect()
            }
            Node::Map(map) => [&mut map.body].into_iter().chain(map.care.caught.as_mut()).collect(),
            Node::Pass(_) | Node::Broken | Node::Wait(_) | Node::Succeed | Node::Fail => Vec::new(),
        }
    }

    /// Whether nothing can come after it.
    pub(crate) fn ends(&self) -> bool {
        matches!(self, Node::Succeed | Node::Fail)
    }
}

/// Whether a fork is cut short in a flow: which of its lanes have come how far by then is open.
pub(crate) fn cut_short(flow: &Flow, within_fork: bool) -> bool {
    flow.iter().any(|step| match &step.node {
        Node::Task(Task { work, care }) => {
            let ends = work.deed().fails(care.retries) && care.caught.is_none();
            (within_fork && ends) || caught_short(care, within_fork)
        }
        Node::Fail => within_fork,
        Node::Choice { arms, default } => {
            let mut ways = arms.iter().map(|(_, flow)| flow).chain([default]);
            ways.any(|flow| cut_short(flow, within_fork))
        }
        Node::Loop { body, .. } => cut_short(body, within_fork),
        Node::Parallel { branches, care } => {
            branches.iter().any(|branch| cut_short(branch, true)) || caught_short(care, within_fork)
        }
        Node::Map(map) => cut_short(&map.body, true) || caught_short(&map.care, within_fork),
        Node::Pass(_) | Node::Broken | Node::Wait(_) | Node::Succeed => false,
    })
}

fn caught_short(care: &Care, within_fork: bool) -> bool {
    care.caught.as_ref().is_some_and(|flow| cut_short(flow, within_fork))
}

/// Number of steps of a flow and all that it is made of.
pub(crate) fn size(flow: &mut Flow) -> usize {
    flow.iter_mut().map(|step| 1 + step.node.flows_mut().into_iter().map(size).sum::<usize>()).sum()
}
