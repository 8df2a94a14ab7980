//! The best threshold for a criterion, without a sort: a bin of a histogram can hold it only if the counts at its
//! borders leave room for a better value.

use crate::criteria::{Accuracy, Criterion, Outcome};
use crate::keys::Score;
use crate::ranking::{RankingError, check_finite, check_lengths};
use crate::search::{Query, search};
use std::cmp::Ordering;

/// The best threshold for a criterion, and what it accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// A score (integers beyond 2^53 are rounded), or infinity to accept nothing.
    pub threshold: f64,
    /// What scores at least the threshold.
    pub outcome: Outcome,
}

/// Chooses among the distinct scores the threshold that serves a criterion best; a score at or above it is
/// accepted. Of equally good thresholds the largest is taken.
///
/// The same as comparing the counts at every distinct score, in O(n) time for all but contrived scores, with at
/// most 256 KiB of memory per thread and a copy of the scores near the best. A label of 0 is negative, any other is positive.
///
/// # Errors
/// [`RankingError`]: no scores, lengths that differ, or a score that is NaN or infinite.
///
/// ```
/// use lossary_core::{criteria::F1, thresholds::best_threshold};
/// let best = best_threshold(&[0.1, 0.4, 0.35, 0.8], &[0, 0, 1, 1], &F1, false)?;
/// assert_eq!((best.threshold, best.outcome.true_positives), (0.35, 2)); // 4 / 5, against 2 / 3 at 0.8
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn best_threshold<S: Score>(
    scores: &[S],
    labels: &[u8],
    criterion: &(impl Criterion + ?Sized),
    may_accept_nothing: bool,
) -> Result<Best, RankingError> {
    let (key, outcome) = best_key(scores, labels, criterion, may_accept_nothing)?;
    Ok(Best { threshold: key.map_or(f64::INFINITY, S::value), outcome })
}

/// [`best_threshold`] as a key; None accepts nothing.
fn best_key<S: Score>(
    scores: &[S],
    labels: &[u8],
    criterion: &(impl Criterion + ?Sized),
    may_accept_nothing: bool,
) -> Result<(Option<S::Key>, Outcome), RankingError> {
    let mut query = BestOf { criterion, may_accept_nothing, bound: None, found: None };
    search(scores, labels, &mut query)?;
    query.found.ok_or(RankingError::Empty)
}

struct BestOf<'c, C: ?Sized, K> {
    criterion: &'c C,
    may_accept_nothing: bool,
    /// The best point so far, its threshold known or not.
    bound: Option<Outcome>,
    /// The best point so far with its threshold.
    found: Option<(Option<K>, Outcome)>,
}

impl<C: Criterion + ?Sized, K> BestOf<'_, C, K> {
    fn is_better(&self, one: &Outcome, than: Option<&Outcome>) -> bool {
        than.is_none_or(|than| self.criterion.compare(one, than) == Ordering::Greater)
    }
}

impl<C: Criterion + ?Sized, K> Query<K> for BestOf<'_, C, K> {
    fn start(&mut self, nothing: Outcome) {
        if self.may_accept_nothing {
            self.bound = Some(nothing);
            self.found = Some((None, nothing));
        }
    }

    fn border(&mut self, at: &Outcome) {
        if self.is_better(at, self.bound.as_ref()) {
            self.bound = Some(*at);
        }
    }

    fn wants(&self, above: &Outcome, end: &Outcome) -> bool {
        // No point of the stretch has more true positives or fewer false ones.
        let corner = Outcome { true_positives: end.true_positives, ..*above };
        let reaches = |bound| self.criterion.compare(&corner, bound) != Ordering::Less;
        self.bound.as_ref().is_none_or(reaches)
            && self.is_better(&corner, self.found.as_ref().map(|found| &found.1))
    }

    fn point(&mut self, _before: &Outcome, at: &Outcome, key: K) {
        if self.is_better(at, self.found.as_ref().map(|found| &found.1)) {
            self.found = Some((Some(key), *at));
        }
    }
}

/// Accuracy on each fold, at the threshold that is best on the other folds; accepting nothing is allowed.
///
/// `folds` numbers the fold of each sample, below `count`. O(n count) time, one copy of the samples at a time.
///
/// # Errors
/// As [`best_threshold`]; [`RankingError::Empty`] when a fold is empty or holds everything.
///
/// ```
/// let folds = [0, 0, 1, 1];
/// let accuracies = lossary_core::thresholds::accuracy_per_fold(&[3.0, 1.0, 2.0, 0.0], &[1, 0, 1, 0], &folds, 2)?;
/// assert_eq!(accuracies, [1.0, 0.5]); // 2 accepts only the 3 of fold 0, 3 accepts nothing of fold 1
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn accuracy_per_fold<S: Score>(
    scores: &[S],
    labels: &[u8],
    folds: &[u32],
    count: u32,
) -> Result<Vec<f64>, RankingError> {
    check_lengths(scores, labels)?;
    check_lengths(scores, folds)?;
    check_finite(scores)?;
    let samples = || scores.iter().zip(labels).zip(folds);
    (0..count)
        .map(|fold| {
            let others = samples().filter(|&(_, &own)| own != fold).map(|(sample, _)| sample);
            let (other_scores, other_labels): (Vec<S>, Vec<u8>) = others.unzip();
            let (threshold, _) = best_key(&other_scores, &other_labels, &Accuracy, true)?;
            let (mut right, mut size) = (0_u64, 0_u64);
            for ((score, &label), _) in samples().filter(|&(_, &own)| own == fold) {
                let accepted = threshold.is_some_and(|threshold| score.key() >= threshold);
                right += u64::from(accepted == (label != 0));
                size += 1;
            }
            if size == 0 { Err(RankingError::Empty) } else { Ok(right as f64 / size as f64) }
        })
        .collect()
}
