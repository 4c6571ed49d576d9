//! The API as a caller sees it: requests and answers.

mod activity;
mod auth;
mod definition;
mod execution;
mod garbage;
mod hang_up;
mod history;
mod limit;
mod machine;
mod page;
mod quota;
mod redrive;
mod refusal;
mod serve;
mod tag;
mod test_state;
mod version;
mod work;
mod world;
