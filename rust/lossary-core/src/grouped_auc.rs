//! The area under the ROC curve within each group: per user, per query.

use crate::auc::{Auc, roc_auc, weighted_roc_auc};
use crate::keys::Score;
use crate::ranking::{RankingError, check_lengths, survey};
use crate::threads;
use std::ops::Range;

/// A group this small is sorted on the spot.
const SMALL: usize = 256;

/// A job takes groups of about this many samples together.
const JOB: usize = 1 << 14;

/// The area within one group, and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupAuc {
    /// The area; None when a class is missing, or has no weight.
    pub value: Option<f64>,
    /// Number, or sum of weights, of the positives.
    pub positives: f64,
    /// Number, or sum of weights, of the negatives.
    pub negatives: f64,
}

/// Counts wins and ties within each of `count` groups; `groups` numbers the group of each sample.
///
/// The same as [`roc_auc`] of the samples of each group, in O(n log n) time and one copy of the samples.
///
/// # Errors
/// [`RankingError`]: no scores, lengths that differ, a NaN, or a group that is not below `count`.
///
/// ```
/// let scores = [0.9, 0.1, 0.5, 0.6];
/// let groups = lossary_core::grouped_auc::grouped_auc(&scores, &[1, 0, 1, 0], &[0, 0, 1, 1], 2)?;
/// assert_eq!((groups[0].value, groups[1].value), (Some(1.0), Some(0.0)));
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn grouped_auc<S: Score>(
    scores: &[S],
    labels: &[u8],
    groups: &[u32],
    count: usize,
) -> Result<Vec<GroupAuc>, RankingError> {
    check_lengths(scores, labels)?;
    let order = Order::new(scores, groups, count)?;
    let (scores, labels) = (order.gather(scores), order.gather(labels));
    order.map_groups(|range| {
        let auc = match range.len() {
            ..=SMALL => count_small(&scores[range.clone()], &labels[range]),
            _ => roc_auc(&scores[range.clone()], &labels[range])?,
        };
        Ok(GroupAuc { value: auc.value(), positives: auc.positives as f64, negatives: auc.negatives as f64 })
    })
}

/// [`grouped_auc`] where a pair counts the product of its weights.
///
/// # Errors
/// As [`grouped_auc`], and for weights that are not finite.
pub fn weighted_grouped_auc<S: Score>(
    scores: &[S],
    labels: &[u8],
    weights: &[f64],
    groups: &[u32],
    count: usize,
) -> Result<Vec<GroupAuc>, RankingError> {
    check_lengths(scores, labels)?;
    check_lengths(scores, weights)?;
    if let Some(index) = weights.iter().position(|weight| !weight.is_finite()) {
        return Err(RankingError::BadWeight { index });
    }
    let order = Order::new(scores, groups, count)?;
    let (scores, labels, weights) = (order.gather(scores), order.gather(labels), order.gather(weights));
    order.map_groups(|range| {
        let (labels, weights) = (&labels[range.clone()], &weights[range.clone()]);
        let sum = |positive: bool| {
            let own = labels.iter().zip(weights).filter(|&(&label, _)| (label != 0) == positive);
            own.map(|(_, weight)| weight).sum::<f64>()
        };
        let value = match weighted_roc_auc(&scores[range], labels, weights) {
            Ok(auc) => auc.value(),
            Err(RankingError::NoWeight | RankingError::Empty) => None,
            Err(error) => return Err(error),
        };
        Ok(GroupAuc { value, positives: sum(true), negatives: sum(false) })
    })
}

/// The samples in the order of their groups, stable.
struct Order {
    /// Position of the sample that comes at each place.
    samples: Vec<u32>,
    /// Where each group starts, and the end.
    starts: Vec<usize>,
}

impl Order {
    fn new<S: Score>(scores: &[S], groups: &[u32], count: usize) -> Result<Self, RankingError> {
        check_lengths(scores, groups)?;
        survey(scores)?;
        if u32::try_from(groups.len()).is_err() {
            return Err(RankingError::LengthMismatch { scores: scores.len(), other: u32::MAX as usize });
        }
        let mut starts = vec![0_usize; count + 1];
        for (index, &group) in groups.iter().enumerate() {
            match starts.get_mut(group as usize + 1) {
                Some(start) => *start += 1,
                None => return Err(RankingError::BadGroup { index }),
            }
        }
        for group in 0..count {
            starts[group + 1] += starts[group];
        }
        let mut next = starts.clone();
        let mut samples = vec![0_u32; groups.len()];
        for (sample, &group) in groups.iter().enumerate() {
            let place = &mut next[group as usize];
            samples[*place] = sample as u32;
            *place += 1;
        }
        Ok(Self { samples, starts })
    }

    fn gather<T: Copy>(&self, column: &[T]) -> Vec<T> {
        self.samples.iter().map(|&sample| column[sample as usize]).collect()
    }

    /// Applies `work` to the range of each group, several groups to a job.
    fn map_groups(
        &self,
        work: impl Fn(Range<usize>) -> Result<GroupAuc, RankingError> + Sync,
    ) -> Result<Vec<GroupAuc>, RankingError> {
        let (mut jobs, mut first) = (Vec::new(), 0);
        for group in 1..self.starts.len() {
            if self.starts[group] - self.starts[first] >= JOB || group == self.starts.len() - 1 {
                jobs.push(first..group);
                first = group;
            }
        }
        let job = |groups: Range<usize>| -> Result<Vec<GroupAuc>, RankingError> {
            groups.map(|group| work(self.starts[group]..self.starts[group + 1])).collect()
        };
        let threads = threads::threads_for(self.samples.len());
        let done: Result<Vec<Vec<GroupAuc>>, RankingError> =
            threads::map(jobs, threads, job).into_iter().collect();
        Ok(done?.concat())
    }
}

/// [`roc_auc`] by a sort, without its preparations.
fn count_small<S: Score>(scores: &[S], labels: &[u8]) -> Auc {
    let mut entries = [(S::Key::default(), false); SMALL];
    let entries = &mut entries[..scores.len()];
    for (entry, (score, &label)) in entries.iter_mut().zip(scores.iter().zip(labels)) {
        *entry = (score.key(), label != 0);
    }
    entries.sort_unstable();
    let (mut auc, mut tied_negatives, mut previous) = (Auc::default(), 0, None);
    for &(key, positive) in entries.iter() {
        if previous != Some(key) {
            tied_negatives = 0;
            previous = Some(key);
        }
        // Negatives come first within a tie.
        if positive {
            auc.positives += 1;
            auc.twice_wins += u128::from(2 * auc.negatives - tied_negatives);
        } else {
            auc.negatives += 1;
            tied_negatives += 1;
        }
    }
    auc
}
