//! Counts of a fixed number of bins: ranking metrics with bounds that are certain, in memory that never grows.

use crate::criteria::Criterion;
use crate::curves::Curve;
use crate::states::amount::{Amount, Total};
use crate::states::batch::{StateScore, check};
use crate::states::bins::{Bins, Table, groups, totals};
use crate::states::error::{StateError, describe_tag};
use crate::states::grid::Grid;
use crate::states::reading::{self, BestThreshold, Group, Sum, Through};
use crate::states::runs::Totals;
use crate::states::units::unit_and_total;
use std::ops::Range;

/// The ranking of any number of samples, as far as bins of equal width tell it.
///
/// Scores outside the range count in the first and the last bin: the bounds stay certain. 16 bytes a bin, 32
/// with weights, and none without samples.
#[derive(Debug, Clone)]
pub struct BoundedRanking {
    tag: String,
    grid: Grid,
    bins: Bins,
    /// The lowest score, which is the lowest threshold; infinity without samples.
    lowest: f64,
}

/// A number, and bounds between which the exact metric of all samples lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The metric where samples of one bin tie.
    pub value: f64,
    /// The exact metric is at least this.
    pub low: f64,
    /// The exact metric is at most this.
    pub high: f64,
}

/// More than the rounding of the formulas, all of which have values within [-1, 1].
const ROUNDING: f64 = 16.0 * f64::EPSILON;

impl Bounds {
    fn new(value: f64, low: f64, high: f64) -> Self {
        Self { value, low: (low - ROUNDING).max(0.0), high: (high + ROUNDING).min(1.0) }
    }
}

/// The metrics that are single numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundedSummary {
    /// Number, or weight, of the positives.
    pub positives: Total,
    /// Number, or weight, of the negatives.
    pub negatives: Total,
    /// The area under the ROC curve; None when a class is missing.
    pub roc_auc: Option<Bounds>,
    /// Average precision; None without positives.
    pub average_precision: Option<Bounds>,
}

/// Runs an expression with the groups of the bins of any table, from the highest down, their totals and unit.
macro_rules! with_groups {
    ($table:expr, ($groups:ident, $totals:ident, $unit:ident) => $body:expr) => {
        match $table {
            Table::Counted(bins) => {
                let ($groups, $totals, $unit) = (|| groups(bins), totals(bins), None::<i32>);
                $body
            }
            Table::Weighed(bins, unit) => {
                let ($groups, $totals, $unit) = (|| groups(bins), totals(bins), Some(*unit));
                $body
            }
        }
    };
}

impl BoundedRanking {
    /// An empty state of so many bins over a range.
    ///
    /// # Errors
    /// [`StateError::BadBins`] unless `low < high` and there are 2 to 2^24 bins of a width that doubles can
    /// tell apart; [`StateError::LongTag`].
    pub fn new(tag: &str, low: f64, high: f64, bins: usize) -> Result<Self, StateError> {
        if tag.len() > usize::from(u16::MAX) {
            return Err(StateError::LongTag { bytes: tag.len() });
        }
        let grid = Grid::new(low, high, bins)?;
        Ok(Self { tag: tag.to_owned(), grid, bins: Bins::default(), lowest: f64::INFINITY })
    }

    pub(crate) fn from_parts(tag: String, grid: Grid, bins: Bins, lowest: f64) -> Self {
        Self { tag, grid, bins, lowest }
    }

    /// The bins and the lowest score.
    pub(crate) fn content(&self) -> (&Bins, f64) {
        (&self.bins, self.lowest)
    }

    /// What the labels mean, as given to [`Self::new`].
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Lower end, upper end, and number of bins.
    pub fn options(&self) -> (f64, f64, usize) {
        self.grid.options()
    }

    /// Bytes that the bins take.
    pub fn bytes(&self) -> usize {
        self.bins.bytes()
    }

    /// Adds a batch, which may be empty, in O(n) time. A label of 0 is negative, any other is positive.
    ///
    /// # Errors
    /// [`StateError`]; the state is unchanged.
    pub fn update<S: StateScore>(
        &mut self,
        scores: &[S],
        labels: &[u8],
        weights: Option<&[f64]>,
    ) -> Result<(), StateError> {
        check(scores, labels, weights)?;
        let grid = self.grid;
        let double = |score: &S| score.as_double().unwrap_or_default();
        let places = |part: Range<usize>| {
            let samples = scores[part.clone()].iter().zip(&labels[part]);
            samples.map(|(score, &label)| (grid.bin(double(score)), usize::from(label != 0)))
        };
        let bins = self.options().2;
        match weights {
            None => self.bins.count(bins, scores.len(), places)?,
            Some(weights) => {
                let Some((unit, total)) = unit_and_total(weights)? else {
                    return Ok(());
                };
                self.bins.weigh(bins, (unit, total), places(0..scores.len()).zip(weights))?;
            }
        }
        let lowest = |lowest: f64, score: &S| lowest.min(double(score));
        self.lowest = match weights {
            None => scores.iter().fold(self.lowest, lowest),
            Some(weights) => {
                let counting = scores.iter().zip(weights).filter(|&(_, &weight)| weight > 0.0);
                counting.map(|(score, _)| score).fold(self.lowest, lowest)
            }
        } + 0.0;
        Ok(())
    }

    /// Adds the samples of another state.
    ///
    /// # Errors
    /// [`StateError::OtherOptions`] when the tags or the bins differ, [`StateError::TooManySamples`] or
    /// [`StateError::WeightSpan`] when the union is too large; this state is unchanged.
    pub fn merge(&mut self, other: &Self) -> Result<(), StateError> {
        if (&self.tag, self.grid) != (&other.tag, other.grid) {
            return Err(StateError::OtherOptions { own: self.describe(), other: other.describe() });
        }
        self.bins.merge(&other.bins)?;
        self.lowest = self.lowest.min(other.lowest);
        Ok(())
    }

    fn describe(&self) -> String {
        let (low, high, bins) = self.options();
        format!("{bins} bins over {low}..{high}, {}", describe_tag(&self.tag))
    }

    /// Number, or weight, of the positives and of the negatives.
    pub fn totals(&self) -> (Total, Total) {
        with_groups!(self.bins.table(), (_groups, totals, unit) => {
            let unit = unit.unwrap_or(0);
            (totals.positives.total(unit), totals.negatives.total(unit))
        })
    }

    /// The metrics that are single numbers.
    ///
    /// ```
    /// use lossary_core::states::bounded::BoundedRanking;
    ///
    /// let mut state = BoundedRanking::new("", 0.0, 1.0, 10)?;
    /// state.update(&[0.12, 0.41, 0.45, 0.83], &[0, 0, 1, 1], None)?;
    /// let area = state.summary().roc_auc.unwrap();
    /// assert_eq!(area.value, 3.5 / 4.0); // 0.41 and 0.45 share a bin: half a win
    /// assert!((area.low - 0.75).abs() < 1e-14 && area.high == 1.0);
    /// # Ok::<(), lossary_core::states::error::StateError>(())
    /// ```
    pub fn summary(&self) -> BoundedSummary {
        let (positives, negatives) = self.totals();
        with_groups!(self.bins.table(), (groups, totals, _unit) => {
            let (twice_wins, ties) = reading::twice_wins(groups(), totals);
            // Within a bin, all pairs may be lost or won.
            let area = |part| reading::of_all_pairs(part, totals);
            let roc_auc = area(twice_wins).zip(area(twice_wins - ties)).zip(area(twice_wins + ties));
            BoundedSummary {
                positives,
                negatives,
                roc_auc: roc_auc.map(|((value, low), high)| Bounds::new(value, low, high)),
                average_precision: reading::average_precision(groups(), totals).map(|value| {
                    let (low, high) = precision_bounds(groups(), totals);
                    Bounds::new(value, low, high)
                }),
            }
        })
    }

    /// The borders of the bins that hold samples as thresholds, with the exact counts, or sums of weights, at or
    /// above them: points of the exact curve. The lowest threshold is the lowest score.
    pub fn curve(&self) -> Curve {
        let mut curve = with_groups!(self.bins.table(), (groups, _totals, unit) => {
            reading::curve(groups(), unit.unwrap_or(0))
        });
        for threshold in &mut curve.thresholds {
            *threshold = self.border(*threshold);
        }
        curve
    }

    /// Area under the ROC curve where the false positive rate is at most `max_fpr`, in (0, 1]; None when a class
    /// is missing.
    pub fn partial_auc(&self, max_fpr: f64) -> Option<Bounds> {
        with_groups!(self.bins.table(), (groups, totals, _unit) => {
            let area = |through| reading::partial_area(groups(), totals, max_fpr, through);
            let [value, low, high] = [Through::Straight, Through::Lowest, Through::Highest].map(area);
            Some(Bounds::new(value?, low?, high?))
        })
    }

    /// The border at which a metric of the decision `score >= threshold` is highest, with the exact value of the
    /// metric there, and a bound that no threshold exceeds; None where the metric has no value.
    ///
    /// The bound is for metrics whose value is at most 1 and greater where they are better: for all but
    /// [`Cost`](crate::criteria::Cost).
    pub fn best_threshold(&self, criterion: &dyn Criterion) -> Option<BestThreshold> {
        with_groups!(self.bins.table(), (groups, totals, _unit) => {
            let best = reading::best_threshold(groups(), totals, criterion)?;
            // Inside a bin, no decision is better than with all positives and no negative of the bin. (A metric
            // that does as it likes below the diagonal is worse there than with nothing accepted, and that is
            // worse than, or equal to, the corner of the highest bin.)
            let corners = reading::with_above(groups()).filter_map(|(Group { samples, .. }, above)| {
                let positives = above.positives + samples.positives;
                criterion.value(&reading::outcome(Totals { positives, ..above }, totals))
            });
            let high = (corners.fold(best.value, f64::max) + ROUNDING).min(1.0);
            Some(BestThreshold { threshold: self.border(best.threshold), high, ..best })
        })
    }

    /// The threshold that a bin stands for.
    fn border(&self, bin: f64) -> f64 {
        let bin = bin as usize;
        if bin == self.grid.bin(self.lowest) { self.lowest } else { self.grid.lower_edge(bin) }
    }
}

/// Equal options and equal bins: the cut into batches does not matter, and a weight of 2 is two samples.
impl PartialEq for BoundedRanking {
    fn eq(&self, other: &Self) -> bool {
        (&self.tag, self.grid, self.lowest) == (&other.tag, other.grid, other.lowest)
            && self.bins.canonical() == other.bins.canonical()
    }
}

/// The least and the most that average precision can be, whatever the order inside the bins.
///
/// With TP and FP above a bin of p positives and n negatives, the precision at a positive of the bin is at most
/// that with all its positives and none of its negatives, (TP + p) / (TP + p + FP), and the i-th from above has
/// at least (TP + i) / (TP + i + c), c = FP + n. These add up to `p - c (1/(a + 1) + ... + 1/(a + p))`, a = TP + c,
/// where the sum is at most ln((a + p) / a), which weights in pieces as small as you like come near. (For counts it
/// could be a little tighter, but whole sums of weights are not told from counts.)
fn precision_bounds<A: Amount>(groups: impl Iterator<Item = Group<A>>, totals: Totals<A>) -> (f64, f64) {
    let (mut low, mut high) = (Sum::default(), Sum::default());
    for (Group { samples, .. }, above) in reading::with_above(groups) {
        if samples.positives == A::default() {
            continue;
        }
        let positives = samples.positives.to_f64();
        let best = above.positives + samples.positives;
        high.add(positives * (best.to_f64() / (best + above.negatives).to_f64()));
        let negatives = above.negatives + samples.negatives;
        let start = (above.positives + negatives).to_f64();
        let lost =
            if negatives == A::default() { 0.0 } else { negatives.to_f64() * (positives / start).ln_1p() };
        low.add(positives - lost);
    }
    let total = totals.positives.to_f64();
    (low.value() / total, high.value() / total)
}
