//! Every distinct score as a threshold: counts above it (ROC and precision-recall points), and average precision.

use crate::double_double::DoubleDouble;
use crate::few::{self, TieGroup};
use crate::keys::{Key, Score};
use crate::partition::{Bucket, Buckets, partition};
use crate::platform::prefer_large_pages;
use crate::ranking::{Counted, Entry, Mass, RankingError, Samples, Survey, count_tie_groups, survey};
use crate::threads;
use crate::weights::{Weighted, WeightedSamples};

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
    let samples = WeightedSamples::new(scores, labels, weights)?;
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
    let samples = WeightedSamples::new(scores, labels, weights)?.scaled();
    Ok(mean_precision(&samples, &survey(scores)?))
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

/// What a sorted bucket gives to a curve.
trait Scan: Entry {
    /// Writes threshold, false and true positives of every tie group, the highest first.
    fn write_points<S: Score<Key = Self::Key>>(
        bucket: &Bucket<'_, Self>,
        above: Totals<Self::Mass>,
        points: Points<'_>,
    );

    /// Sums the precision at each positive, times its weight; `above` are the totals above the bucket, `within`
    /// those of the bucket.
    fn sum_precisions(sorted: &[Self], above: Totals<Self::Mass>, within: Totals<Self::Mass>)
    -> DoubleDouble;
}

/// Where the points of a bucket go.
struct Points<'a> {
    thresholds: &'a mut [f64],
    false_positives: &'a mut [f64],
    true_positives: &'a mut [f64],
}

impl<'a> Points<'a> {
    fn split_at(self, place: usize) -> (Self, Self) {
        let (thresholds, other_thresholds) = self.thresholds.split_at_mut(place);
        let (false_positives, other_false) = self.false_positives.split_at_mut(place);
        let (true_positives, other_true) = self.true_positives.split_at_mut(place);
        let rest =
            Self { thresholds: other_thresholds, false_positives: other_false, true_positives: other_true };
        (Self { thresholds, false_positives, true_positives }, rest)
    }
}

impl<K: Key> Scan for K {
    fn write_points<S: Score<Key = K>>(bucket: &Bucket<'_, K>, above: Totals<u64>, points: Points<'_>) {
        let Points { thresholds, false_positives, true_positives } = points;
        let (mut selected, mut tp) = (above.negatives + above.positives, above.positives);
        let mut place = 0;
        let lower = bucket.entries.iter().rev().skip(1).map(|entry| Some(entry.tie_group())).chain([None]);
        for (&entry, lower) in bucket.entries.iter().rev().zip(lower) {
            selected += 1;
            tp += u64::from(entry.is_positive());
            // Without a branch: the next entry of a tie group writes over this one.
            let columns =
                (thresholds.get_mut(place), false_positives.get_mut(place), true_positives.get_mut(place));
            if let (Some(threshold), Some(false_positives), Some(true_positives)) = columns {
                *threshold = S::value(entry.unpack(bucket.top));
                *false_positives = (selected - tp) as f64;
                *true_positives = tp as f64;
            }
            place += usize::from(lower != Some(entry.tie_group()));
        }
    }

    fn sum_precisions(sorted: &[K], above: Totals<u64>, within: Totals<u64>) -> DoubleDouble {
        // Upwards, so that the counts at or above a tie group are known at its first entry. Counts are doubles:
        // exact, and ready for the division.
        let selected = above.add(within);
        let mut positives = selected.positives.to_f64();
        let mut count = positives + selected.negatives.to_f64();
        let (mut sum, mut precision, mut previous) = (DoubleDouble::default(), 0.0, None);
        for &entry in sorted {
            let tied = previous == Some(entry.tie_group());
            precision = if tied { precision } else { positives / count };
            let positive = if entry.is_positive() { 1.0 } else { 0.0 };
            sum = sum.add_f64(if entry.is_positive() { precision } else { 0.0 });
            positives -= positive;
            count -= 1.0;
            previous = Some(entry.tie_group());
        }
        sum
    }
}

impl<K: Key> Scan for Weighted<K> {
    fn write_points<S: Score<Key = K>>(
        bucket: &Bucket<'_, Self>,
        above: Totals<DoubleDouble>,
        points: Points<'_>,
    ) {
        let columns = points.thresholds.iter_mut().zip(points.false_positives).zip(points.true_positives);
        for (((threshold, fp), tp), (packed, totals)) in columns.zip(descend(bucket.entries)) {
            let totals = above.add(totals);
            *threshold = S::value(packed.unpack(bucket.top));
            *fp = totals.negatives.to_f64();
            *tp = totals.positives.to_f64();
        }
    }

    fn sum_precisions(sorted: &[Self], above: Totals<DoubleDouble>, _: Totals<DoubleDouble>) -> DoubleDouble {
        let mut before = above.positives.to_f64();
        descend(sorted).fold(DoubleDouble::default(), |sum, (_, totals)| {
            let totals = above.add(totals);
            let positives = totals.positives.to_f64();
            let step = positives - std::mem::replace(&mut before, positives);
            let selected = totals.positives.add(totals.negatives).to_f64();
            if selected == 0.0 { sum } else { sum.add_product(step, positives / selected) }
        })
    }
}

/// A bucket, and what lies above it.
struct Step<'a, E: Entry> {
    bucket: Bucket<'a, E>,
    above: Totals<E::Mass>,
    within: Totals<E::Mass>,
    thresholds: usize,
}

/// The buckets, highest first, with their totals; sorted where that is asked for or sums depend on the order.
fn steps<E: Entry>(buckets: &mut Buckets<E>, sorted: bool, threads: usize) -> Vec<Step<'_, E>> {
    let mut jobs = buckets.iter_mut();
    jobs.reverse();
    let counted = threads::map_with(jobs, threads, E::Scratch::default, |scratch, bucket| {
        if sorted || !E::Mass::ORDER_FREE {
            E::sort(bucket.entries, scratch);
        }
        let within = bucket.entries.iter().copied().fold(Totals::default(), Totals::add_entry);
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
