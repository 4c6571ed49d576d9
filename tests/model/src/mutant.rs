//! Protocols with a mistake each: a model that cannot fail proves nothing.

/// A protocol with one mistake in it. Each must be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Mutant {
    DeleteBeforeSend,
    Overwrite,
    DeleteOnConflict,
    DeleteWhenSuccessorExists,
    CountInsteadOfSet,
    AnswerHeardBeforeSend,
    StopClosesRowFirst,
    PerformBeforeClaim,
    LaneEndNotRedone,
    ForgetfulDispenser,
    SweepLooksAtRootOnly,
    RedriveReopensRowFirst,
    TimerLeavesThePark,
    JoinIgnoresFailure,
    ClaimOutcomeRepeatsTheTask,
    SealsWhatHasBegunOnly,
    SealsNothingBelowWhatEnded,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Mutant; 17] = [
        Mutant::DeleteBeforeSend,
        Mutant::Overwrite,
        Mutant::DeleteOnConflict,
        Mutant::DeleteWhenSuccessorExists,
        Mutant::CountInsteadOfSet,
        Mutant::AnswerHeardBeforeSend,
        Mutant::StopClosesRowFirst,
        Mutant::PerformBeforeClaim,
        Mutant::LaneEndNotRedone,
        Mutant::ForgetfulDispenser,
        Mutant::SweepLooksAtRootOnly,
        Mutant::RedriveReopensRowFirst,
        Mutant::TimerLeavesThePark,
        Mutant::JoinIgnoresFailure,
        Mutant::ClaimOutcomeRepeatsTheTask,
        Mutant::SealsWhatHasBegunOnly,
        Mutant::SealsNothingBelowWhatEnded,
    ];
}
