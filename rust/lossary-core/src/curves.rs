//! Every distinct score as a threshold: counts above it (ROC and precision-recall points), and average precision.

use crate::bucket_sort::sort_bucket;
use crate::keys::{Key, Score};
use crate::partition::{Bucket, Buckets, partition};
use crate::ranking::{Counted, Entry, Mass, RankingError, Samples, survey};
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
    trace(&Counted::new(scores, labels)?)
}

/// [`curve`] with sums of weights for counts. Zero weights drop out, with their thresholds.
///
/// # Errors
/// As [`curve`], and for weights that are not finite or all zero.
pub fn weighted_curve<S: Score>(scores: &[S], labels: &[u8], weights: &[f64]) -> Result<Curve, RankingError> {
    trace(&WeightedSamples::new(scores, labels, weights)?)
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
    mean_precision(&Counted::new(scores, labels)?)
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
    mean_precision(&WeightedSamples::new(scores, labels, weights)?.scaled())
}

/// Sums over the negatives and the positives.
#[derive(Clone, Copy, Default)]
struct Totals<M> {
    negatives: M,
    positives: M,
}

impl<M: Mass> Totals<M> {
    fn add(self, other: Self) -> Self {
        Self {
            negatives: self.negatives.add(other.negatives),
            positives: self.positives.add(other.positives),
        }
    }

    fn add_entry<E: Entry<Mass = M>>(self, entry: E) -> Self {
        if entry.packed().is_positive() {
            Self { positives: self.positives.add(entry.mass()), ..self }
        } else {
            Self { negatives: self.negatives.add(entry.mass()), ..self }
        }
    }
}

/// The tie groups of a sorted bucket from the highest down: the packed key of each, and the totals of the
/// bucket at or above it.
fn descend<E: Entry>(entries: &[E]) -> impl Iterator<Item = (E::Key, Totals<E::Mass>)> {
    let tie_groups = entries.chunk_by(|a, b| a.packed().tie_group() == b.packed().tie_group());
    tie_groups.rev().scan(Totals::default(), |totals, group| {
        let own = group.iter().copied().fold(Totals::default(), Totals::add_entry);
        *totals = totals.add(own);
        group.first().map(|entry| (entry.packed(), *totals))
    })
}

/// A sorted bucket, and what lies above it.
struct Step<'a, E: Entry> {
    bucket: Bucket<'a, E>,
    above: Totals<E::Mass>,
    thresholds: usize,
}

/// Sorts the buckets; the highest comes first.
fn steps<E: Entry>(buckets: &mut Buckets<E>, threads: usize) -> Vec<Step<'_, E>> {
    let mut jobs = buckets.iter_mut();
    jobs.reverse();
    let sorted = threads::map(jobs, threads, |bucket| {
        sort_bucket(bucket.entries);
        let start = (0, Totals::default());
        let (thresholds, totals) =
            descend(bucket.entries).fold(start, |(count, _), (_, totals)| (count + 1, totals));
        (bucket, thresholds, totals)
    });
    let mut above = Totals::default();
    sorted
        .into_iter()
        .map(|(bucket, thresholds, totals)| {
            let step = Step { bucket, above, thresholds };
            above = above.add(totals);
            step
        })
        .collect()
}

fn trace<P: Samples>(samples: &P) -> Result<Curve, RankingError> {
    let threads = threads::threads_for(samples.scores().len());
    let mut buckets = partition(samples, &survey(samples.scores())?);
    let steps = steps(&mut buckets, threads);
    let points = steps.iter().map(|step| step.thresholds).sum();
    let mut curve = Curve {
        thresholds: vec![0.0; points],
        false_positives: vec![0.0; points],
        true_positives: vec![0.0; points],
    };
    let mut jobs = Vec::with_capacity(steps.len());
    let mut rest = (
        curve.thresholds.as_mut_slice(),
        curve.false_positives.as_mut_slice(),
        curve.true_positives.as_mut_slice(),
    );
    for step in steps {
        let (thresholds, after_thresholds) = rest.0.split_at_mut(step.thresholds);
        let (false_positives, after_false) = rest.1.split_at_mut(step.thresholds);
        let (true_positives, after_true) = rest.2.split_at_mut(step.thresholds);
        rest = (after_thresholds, after_false, after_true);
        jobs.push((step, thresholds, false_positives, true_positives));
    }
    threads::map(jobs, threads, |(step, thresholds, false_positives, true_positives)| {
        let points = thresholds.iter_mut().zip(false_positives).zip(true_positives);
        for (((threshold, fp), tp), (packed, totals)) in points.zip(descend(step.bucket.entries)) {
            let totals = step.above.add(totals);
            *threshold = P::Score::value(packed.unpack(step.bucket.top));
            *fp = totals.negatives.to_f64();
            *tp = totals.positives.to_f64();
        }
    });
    Ok(curve)
}

fn mean_precision<P: Samples>(samples: &P) -> Result<Option<f64>, RankingError> {
    let threads = threads::threads_for(samples.scores().len());
    let mut buckets = partition(samples, &survey(samples.scores())?);
    let steps = steps(&mut buckets, threads);
    let sums = threads::map(steps, threads, |step| {
        let mut positives = step.above.positives.to_f64();
        let mut sum = 0.0;
        for (_, totals) in descend(step.bucket.entries) {
            let totals = step.above.add(totals);
            let before = positives;
            positives = totals.positives.to_f64();
            let selected = totals.positives.add(totals.negatives).to_f64();
            if selected != 0.0 {
                sum += (positives - before) * (positives / selected);
            }
        }
        (sum, positives)
    });
    let positives = sums.last().map_or(0.0, |&(_, positives)| positives);
    let sum: f64 = sums.iter().map(|(sum, _)| sum).sum();
    Ok((positives != 0.0).then(|| sum / positives))
}
