//! Single points of the ROC curve: the true accept rate at a false accept rate, and the equal error rate.
//!
//! Without weights nothing is sorted but the few scores around the point.

use crate::keys::Score;
use crate::ranking::RankingError;
use crate::roc::{Counted, Mark, Passage, Roc, Traced};

/// How a rate between two points of the curve is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// The last point within the limit: a threshold achieves it.
    Step,
    /// On the straight line to the next point.
    Linear,
}

/// The true accept rate (TPR) at each false accept rate (FPR) of `limits`; None when a class is missing.
///
/// O(n) time for all but contrived scores.
///
/// # Errors
/// [`RankingError`]: no scores, lengths that differ, or a score that is NaN or infinite.
///
/// ```
/// use lossary_core::operating_points::{Interpolation, true_accept_rates};
/// let (scores, labels) = ([4.0, 3.0, 2.0, 1.0], [1, 0, 1, 0]);
/// let rates = true_accept_rates(&scores, &labels, &[0.25, 0.5], Interpolation::Step)?;
/// assert_eq!(rates, Some(vec![0.5, 1.0]));
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn true_accept_rates<S: Score>(
    scores: &[S],
    labels: &[u8],
    limits: &[f64],
    interpolation: Interpolation,
) -> Result<Option<Vec<f64>>, RankingError> {
    let rates = |roc| tpr_at(&roc, limits, interpolation);
    Counted::new(scores, labels)?.map(rates).transpose()
}

/// [`true_accept_rates`] of samples that count their weight; O(n log n) time.
///
/// # Errors
/// As [`true_accept_rates`], and for weights that are not finite or all zero.
pub fn weighted_true_accept_rates<S: Score>(
    scores: &[S],
    labels: &[u8],
    weights: &[f64],
    limits: &[f64],
    interpolation: Interpolation,
) -> Result<Option<Vec<f64>>, RankingError> {
    let rates = |roc| tpr_at(&roc, limits, interpolation);
    Traced::new(scores, labels, weights)?.map(rates).transpose()
}

fn tpr_at(roc: &impl Roc, limits: &[f64], interpolation: Interpolation) -> Result<Vec<f64>, RankingError> {
    let marks: Vec<Mark> = limits.iter().copied().map(Mark::BeyondFpr).collect();
    let passages = roc.passages(&marks)?;
    let rate = |(passage, &limit): (&Passage<_>, &f64)| match interpolation {
        Interpolation::Step => passage.before.tpr,
        Interpolation::Linear => passage.at_fpr(limit).tpr,
    };
    Ok(passages.iter().zip(limits).map(rate).collect())
}

/// Where FPR equals the miss rate 1 - TPR, on the straight lines between the points; None when a class is
/// missing. O(n) time for all but contrived scores.
///
/// # Errors
/// As [`true_accept_rates`].
///
/// ```
/// let rate = lossary_core::operating_points::equal_error_rate(&[4.0, 3.0, 2.0, 1.0], &[1, 0, 1, 0])?;
/// assert_eq!(rate, Some(0.5));
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn equal_error_rate<S: Score>(scores: &[S], labels: &[u8]) -> Result<Option<f64>, RankingError> {
    Counted::new(scores, labels)?.map(|roc| crossing(&roc)).transpose()
}

/// [`equal_error_rate`] of samples that count their weight; O(n log n) time.
///
/// # Errors
/// As [`weighted_true_accept_rates`].
pub fn weighted_equal_error_rate<S: Score>(
    scores: &[S],
    labels: &[u8],
    weights: &[f64],
) -> Result<Option<f64>, RankingError> {
    Traced::new(scores, labels, weights)?.map(|roc| crossing(&roc)).transpose()
}

fn crossing(roc: &impl Roc) -> Result<f64, RankingError> {
    let passages = roc.passages(&[Mark::EqualErrors])?;
    Ok(passages.first().map_or(1.0, |passage| {
        let (below, above) = (passage.before.imbalance(), passage.after.imbalance());
        let share = -below / (above - below);
        passage.before.fpr + share * (passage.after.fpr - passage.before.fpr)
    }))
}
