//! The API as a caller sees it: requests and answers.

mod activity;
mod auth;
mod execution;
mod garbage;
mod history;
mod machine;
mod page;
mod refusal;
mod serve;
mod test_state;
mod work;
mod world;
