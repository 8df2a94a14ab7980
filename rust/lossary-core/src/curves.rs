//! Every distinct score as a threshold: counts above it (ROC and precision-recall points), and average precision.

use crate::double_double::DoubleDouble;
use crate::few::{self, TieGroup};
use crate::keys::{Key, Score};
use crate::partition::{Bucket, Buckets, partition};
use crate::platform::prefer_large_pages;
use crate::ranking::{Counted, Entry, Mass, RankingError, Samples, Survey, count_tie_groups, survey};
use crate::scan::{Points, Scan, Totals};
use crate::threads;
use crate::weights::WeightedSamples;

/// For each distinct score, highest first: what scores at least as high.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// The distinct scores, descending. Integers beyond 2^53 are rounded.
    pub thresholds: Vec<f64>,
    /// Count, or sum of weights, of the negatives at or above the threshold.
    pub false_positives: Vec<f64>,
    /// Count, or sum of weights, of the positives at or above the threshold.
    pub true_positives: Vec<f64>,
}

impl Curve {
    /// Leaves out the points on a straight line between their neighbours, where both counts step as before.
    ///
    /// ```
    /// let curve = lossary_core::curves::curve(&[3.0, 2.0, 1.0, 0.0], &[1, 1, 1, 0])?.without_collinear();
    /// assert_eq!(curve.thresholds, [3.0, 1.0, 0.0]);
    /// # Ok::<(), lossary_core::ranking::RankingError>(())
    /// ```
    #[must_use]
    pub fn without_collinear(mut self) -> Self {
        let bends = |three: &[f64]| (three[2] - three[1]) - (three[1] - three[0]) != 0.0;
        let steps = self.false_positives.windows(3).zip(self.true_positives.windows(3));
        let inner = steps.map(|(false_steps, true_steps)| bends(false_steps) || bends(true_steps));
        let mut keep = vec![true];
        keep.extend(inner);
        keep.resize(self.thresholds.len(), true);
        for column in [&mut self.thresholds, &mut self.false_positives, &mut self.true_positives] {
            let mut kept = keep.iter();
            column.retain(|_| kept.next().is_none_or(|&keep| keep));
        }
        self
    }
}

/// All thresholds and their counts. A label of 0 is negative, any other is positive.
///
/// The same as counting the scores `>= t` of each class for every distinct score `t`, in O(n log n) time.
///
/// # Errors
/// [`RankingError`]: no scores, lengths that differ, or a NaN.
///
/// ```
/// let curve = lossary_core::curves::curve(&[0.5, 2.0, 0.5], &[1, 1, 0])?;
/// assert_eq!(curve.thresholds, [2.0, 0.5]);
/// assert_eq!(curve.true_positives, [1.0, 2.0]);
/// assert_eq!(curve.false_positives, [0.0, 1.0]);
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn curve<S: Score>(scores: &[S], labels: &[u8]) -> Result<Curve, RankingError> {
    let samples = Counted::new(scores, labels)?;
    let survey = survey(scores)?;
    match few::tie_groups(scores, labels, &survey) {
        Some(tie_groups) => Ok(trace_few::<S>(&tie_groups)),
        None => Ok(trace(&samples, &survey)),
    }
}

/// [`curve`] with sums of weights for counts. Zero weights drop out, with their thresholds.
///
/// # Errors
/// As [`curve`], and for weights that are not finite or all zero.
pub fn weighted_curve<S: Score>(scores: &[S], labels: &[u8], weights: &[f64]) -> Result<Curve, RankingError> {
    let samples = WeightedSamples::new(scores, labels, weights)?.without_zeros();
    Ok(trace(&samples, &survey(scores)?))
}

/// Average precision: the mean over the positives of the precision at their score,
/// `sum over thresholds of (TP - previous TP) / P * TP / (TP + FP)`; None without positives.
///
/// # Errors
/// As [`curve`].
///
/// ```
/// let precision = lossary_core::curves::average_precision(&[3.0, 2.0, 1.0], &[1, 0, 1])?;
/// assert_eq!(precision, Some((1.0 + 2.0 / 3.0) / 2.0));
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn average_precision<S: Score>(scores: &[S], labels: &[u8]) -> Result<Option<f64>, RankingError> {
    let samples = Counted::new(scores, labels)?;
    let survey = survey(scores)?;
    match few::tie_groups(scores, labels, &survey) {
        Some(tie_groups) => Ok(mean_precision_of_few(&tie_groups)),
        None => Ok(mean_precision(&samples, &survey)),
    }
}

/// [`average_precision`] where samples count their weight; None when the positives weigh nothing in total.
///
/// # Errors
/// As [`weighted_curve`].
pub fn weighted_average_precision<S: Score>(
    scores: &[S],
    labels: &[u8],
    weights: &[f64],
) -> Result<Option<f64>, RankingError> {
    let samples = WeightedSamples::new(scores, labels, weights)?.without_zeros().scaled();
    Ok(mean_precision(&samples, &survey(scores)?))
}

/// A bucket, and what lies above it.
struct Step<'a, E: Entry> {
    bucket: Bucket<'a, E>,
    above: Totals<E::Mass>,
    within: Totals<E::Mass>,
    thresholds: usize,
}

/// The buckets, highest first, with their totals; sorted where that is asked for or sums depend on the order.
fn steps<E: Scan>(buckets: &mut Buckets<E>, sorted: bool, threads: usize) -> Vec<Step<'_, E>> {
    let mut jobs = buckets.iter_mut();
    jobs.reverse();
    let counted = threads::map_with(jobs, threads, E::Scratch::default, |scratch, bucket| {
        if sorted || !E::Mass::ORDER_FREE {
            E::sort(bucket.entries, scratch);
        }
        let within = E::totals(bucket.entries);
        let thresholds = if sorted { count_tie_groups(bucket.entries) } else { 0 };
        (bucket, within, thresholds)
    });
    let mut above = Totals::default();
    counted
        .into_iter()
        .map(|(bucket, within, thresholds)| {
            let step = Step { bucket, above, within, thresholds };
            above = above.add(within);
            step
        })
        .collect()
}

fn trace<S: Score, P: Samples<Entry: Scan<Key = S::Key>>>(samples: &P, survey: &Survey<S>) -> Curve {
    let threads = threads::threads_for(samples.count());
    let mut buckets = partition(samples, survey);
    let steps = steps(&mut buckets, true, threads);
    let points = steps.iter().map(|step| step.thresholds).sum();
    let [mut thresholds, mut false_positives, mut true_positives] = [(); 3].map(|()| {
        let mut column = vec![0.0; points];
        prefer_large_pages(&mut column);
        column
    });
    let mut jobs = Vec::with_capacity(steps.len());
    let mut rest = Points {
        thresholds: &mut thresholds,
        false_positives: &mut false_positives,
        true_positives: &mut true_positives,
    };
    for step in steps {
        let (own, after) = rest.split_at(step.thresholds);
        rest = after;
        jobs.push((step, own));
    }
    threads::map(jobs, threads, |(step, points)| {
        P::Entry::write_points::<S>(&step.bucket, step.above, points);
    });
    Curve { thresholds, false_positives, true_positives }
}

fn mean_precision<S: Score, P: Samples<Entry: Scan<Key = S::Key>>>(
    samples: &P,
    survey: &Survey<S>,
) -> Option<f64> {
    let threads = threads::threads_for(samples.count());
    let mut buckets = partition(samples, survey);
    let steps = steps(&mut buckets, false, threads);
    let all = steps.last().map(|step| step.above.add(step.within)).unwrap_or_default();
    let sums = threads::map_with(steps, threads, <P::Entry as Entry>::Scratch::default, |scratch, step| {
        if <P::Entry as Entry>::Mass::ORDER_FREE {
            P::Entry::sort(step.bucket.entries, scratch);
        }
        P::Entry::sum_precisions(step.bucket.entries, step.above, step.within)
    });
    let sum = sums.into_iter().fold(DoubleDouble::default(), DoubleDouble::add);
    mean(sum, all.positives)
}

fn mean<M: Mass>(sum: DoubleDouble, positives: M) -> Option<f64> {
    let positives = positives.to_f64();
    (positives != 0.0).then(|| sum.to_f64() / positives)
}

/// The totals at or above each tie group, the highest first.
fn descend_few<K: Key>(tie_groups: &[TieGroup<K>]) -> impl Iterator<Item = (&TieGroup<K>, Totals<u64>)> {
    tie_groups.iter().rev().scan(Totals::default(), |above: &mut Totals<u64>, group| {
        *above = above.add(Totals { negatives: group.negatives, positives: group.positives });
        Some((group, *above))
    })
}

fn trace_few<S: Score>(tie_groups: &[TieGroup<S::Key>]) -> Curve {
    let mut curve = Curve::default();
    for (group, totals) in descend_few(tie_groups) {
        curve.thresholds.push(S::value(group.key));
        curve.false_positives.push(totals.negatives.to_f64());
        curve.true_positives.push(totals.positives.to_f64());
    }
    curve
}

fn mean_precision_of_few<K: Key>(tie_groups: &[TieGroup<K>]) -> Option<f64> {
    let start = (DoubleDouble::default(), 0);
    let (sum, positives) = descend_few(tie_groups).fold(start, |(sum, _), (group, totals)| {
        let selected = totals.positives + totals.negatives;
        let precision = totals.positives.to_f64() / selected.to_f64();
        (sum.add_product(group.positives.to_f64(), precision), totals.positives)
    });
    mean(sum, positives)
}
