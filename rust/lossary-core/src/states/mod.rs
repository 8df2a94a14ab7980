//! States that are built batch by batch, merge in any order, and give the metrics of all samples.
//!
//! | state | what it keeps | what it gives |
//! |---|---|---|
//! | [`exact::ExactRanking`] | every distinct score with its counts | the ranking metrics, exactly |
//! | [`bounded::BoundedRanking`] | counts of a fixed number of bins | the metrics with certified bounds |
//! | [`calibration::Calibration`] | exact sums of bins of probabilities | the measures of calibration |
//! | [`confusion::Confusion`] | how often each class was predicted as each | the confusion matrix, exactly |
//!
//! A state is a commutative monoid: an empty state changes nothing, and neither the cut into batches, nor the
//! order of merges, nor the number of threads can change a bit of what it gives. Counts are integers. Weights
//! are integers too, in units of the lowest bit that any of them has, so that sums are exact.
//!
//! ```
//! use lossary_core::states::exact::ExactRanking;
//!
//! let mut state = ExactRanking::of(&[0.1, 0.4], &[0, 0])?;
//! state.merge(&ExactRanking::of(&[0.35, 0.8], &[1, 1])?)?;
//! assert_eq!(state.summary().roc_auc(), Some(0.75));
//! assert_eq!(ExactRanking::from_bytes(&state.to_bytes())?, state);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod amount;
mod batch;
mod bins;
pub mod bounded;
pub mod bytes;
pub mod calibration;
mod checksum;
pub mod confusion;
pub mod error;
pub mod exact;
mod grid;
mod reading;
mod runs;
mod tally;
mod units;

pub use batch::StateScore;
