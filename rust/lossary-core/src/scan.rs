//! What sorted buckets give to curves: the totals at or above every tie group, and the precision there.

use crate::double_double::DoubleDouble;
use crate::keys::{Key, Score};
use crate::partition::Bucket;
use crate::ranking::{Entry, Mass};
use crate::weights::Weighted;

/// Sums over the negatives and the positives.
#[derive(Clone, Copy, Default)]
pub(crate) struct Totals<M> {
    pub(crate) negatives: M,
    pub(crate) positives: M,
}

impl<M: Mass> Totals<M> {
    pub(crate) fn add(self, other: Self) -> Self {
        Self {
            negatives: self.negatives.add(other.negatives),
            positives: self.positives.add(other.positives),
        }
    }
}

/// The tie groups of a sorted bucket from the highest down: the packed key of each, and the totals of the
/// bucket at or above it.
fn descend<E: Scan>(entries: &[E]) -> impl Iterator<Item = (E::Key, Totals<E::Mass>)> {
    let tie_groups = entries.chunk_by(|a, b| a.packed().tie_group() == b.packed().tie_group());
    tie_groups.rev().scan(Totals::default(), |totals, group| {
        *totals = totals.add(E::totals(group));
        group.first().map(|entry| (entry.packed(), *totals))
    })
}

/// What a sorted bucket gives to a curve.
pub(crate) trait Scan: Entry {
    /// The totals of sorted entries, or of any where their order does not matter.
    fn totals(entries: &[Self]) -> Totals<Self::Mass>;

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
pub(crate) struct Points<'a> {
    pub(crate) thresholds: &'a mut [f64],
    pub(crate) false_positives: &'a mut [f64],
    pub(crate) true_positives: &'a mut [f64],
}

impl<'a> Points<'a> {
    pub(crate) fn split_at(self, place: usize) -> (Self, Self) {
        let (thresholds, other_thresholds) = self.thresholds.split_at_mut(place);
        let (false_positives, other_false) = self.false_positives.split_at_mut(place);
        let (true_positives, other_true) = self.true_positives.split_at_mut(place);
        let rest =
            Self { thresholds: other_thresholds, false_positives: other_false, true_positives: other_true };
        (Self { thresholds, false_positives, true_positives }, rest)
    }
}

impl<K: Key> Scan for K {
    fn totals(entries: &[K]) -> Totals<u64> {
        let positives = entries.iter().map(|entry| u64::from(entry.is_positive())).sum();
        Totals { negatives: entries.len() as u64 - positives, positives }
    }

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
    fn totals(entries: &[Self]) -> Totals<DoubleDouble> {
        let same = entries.chunk_by(|a, b| a.packed() == b.packed());
        same.fold(Totals::default(), |totals, same| {
            let sum = Weighted::sum(same);
            if same.first().is_some_and(|entry| entry.packed().is_positive()) {
                Totals { positives: totals.positives.add(sum), ..totals }
            } else {
                Totals { negatives: totals.negatives.add(sum), ..totals }
            }
        })
    }

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
        let (mut totals, mut sum) = (above, DoubleDouble::default());
        for group in sorted.chunk_by(|a, b| a.packed().tie_group() == b.packed().tie_group()).rev() {
            let step = match group {
                [one] if one.packed().is_positive() => {
                    totals.positives = totals.positives.add_f64(one.weight());
                    one.weight()
                }
                [one] => {
                    totals.negatives = totals.negatives.add_f64(one.weight());
                    continue;
                }
                several => {
                    let own = Self::totals(several);
                    totals = totals.add(own);
                    own.positives.to_f64()
                }
            };
            let positives = totals.positives.rounded();
            let selected = totals.positives.add_long(totals.negatives).rounded();
            if selected != 0.0 {
                sum = sum.add_product(step, positives / selected);
            }
        }
        sum
    }
}
