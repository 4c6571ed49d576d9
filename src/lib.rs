//! Stepwright runs Amazon States Language workflows without AWS Step Functions.
//!
//! ```text
//!  message (queue, API call)                                  one message = one turn of one execution
//!     |
//!     v            turn: the only place where all four words meet
//!   DOOR --> load ----> decide ----> commit ----> emit --> next messages, task calls, timers
//!   local/   store/     core/        store/       queue/ task/
//!                       engine/      (one conditional insert: state + events + what must follow)
//! ```
//!
//! # Reading order
//! Reading order is dependency order; a room uses rooms before it only (a test holds it to that).
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`stepwright_core`] | everything pure: expressions, the States Language, history, the engine's decisions |
//! | [`telemetry`] | the program's own log, metrics, traces |
//! | `retry` | requests to AWS, made again as long as that can help |
//! | [`store`] | what must survive: executions, journals, definitions; embedded (SQLite), in memory, on DynamoDB |
//! | [`queue`] | messages to the engine, activity tasks on offer; in memory, on SQS and DynamoDB |
//! | [`task`] | what Task states call: one file per service |
//! | [`log`] | execution logs: from records to their destination |
//! | [`turn`] | load, decide, commit, emit; what happens when each of them fails |
//! | [`api`] | the Step Functions API: AWS JSON 1.0, one file per operation |
//! | [`local`] | the local home: HTTP server, pump, clock, function processes |
//! | [`cloud`] | the serverless home: the Lambda functions |
//! | [`cli`] | the commands |
//!
//! # Words
//! | word | meaning |
//! | --- | --- |
//! | state machine, state, execution | as in the States Language |
//! | frame | one sequential thread of control: the execution's root, a Parallel branch, a lane of a Map |
//! | lane | a child frame of a fork; a lane of a Map runs one iteration after the other, of a distributed one child after child |
//! | Map Run, unit | the run of a distributed Map; what one of its child executions gets: an item or a batch of them |
//! | record, slot | entry *n* of a frame's journal: one transition, inserted once, never changed |
//! | event | what GetExecutionHistory shows; events live in records |
//! | settled | a record that waits for something outside (timer, token, lanes), or is the last one |
//! | turn | one handling of one message |
//! | message | the wish to write one slot of one frame |
//! | task | what a Task state has done elsewhere; *claimed* in a record before it is performed |
//! | task token | names a waiting task to whoever may answer it |

pub mod api;
pub mod cli;
pub mod cloud;
pub mod local;
pub mod log;
pub mod queue;
mod retry;
pub mod store;
pub mod task;
pub mod telemetry;
pub mod turn;
