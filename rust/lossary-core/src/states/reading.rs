//! What a state tells: each reader is one scan over groups of tied scores, from the highest down.

use crate::criteria::{Criterion, Outcome};
use crate::curves::Curve;
use crate::states::amount::{Amount, Product};
use crate::states::runs::Totals;
use crate::states::tally::Tally;
use crate::states::units::in_units;
use std::cmp::Ordering;

/// Samples of one score, or of one bin.
#[derive(Clone, Copy)]
pub(crate) struct Group<A> {
    /// Samples of this and all earlier groups score at least this.
    pub(crate) threshold: f64,
    pub(crate) samples: Totals<A>,
}

/// The groups of a sorted run, highest score first.
pub(crate) fn groups<T: Tally>(run: &[T]) -> impl Iterator<Item = Group<T::Amount>> {
    let mut rest = run;
    std::iter::from_fn(move || {
        let (&last, below) = rest.split_last()?;
        rest = below;
        let mut samples = Totals::default();
        if last.positive() {
            samples.positives = last.amount();
            // Negatives come first, so those of the same score are next.
            if let Some((&next, below)) = rest.split_last()
                && next.same_score(last)
            {
                samples.negatives = next.amount();
                rest = below;
            }
        } else {
            samples.negatives = last.amount();
        }
        Some(Group { threshold: last.score(), samples })
    })
}

/// Each group with the totals of the groups before it.
pub(crate) fn with_above<A: Amount>(
    groups: impl Iterator<Item = Group<A>>,
) -> impl Iterator<Item = (Group<A>, Totals<A>)> {
    groups.scan(Totals::default(), |above, group| {
        let before = *above;
        *above = before + group.samples;
        Some((group, before))
    })
}

/// Twice the wins plus the ties, and the ties, of positives over negatives.
pub(crate) fn twice_wins<A: Amount>(
    groups: impl Iterator<Item = Group<A>>,
    totals: Totals<A>,
) -> (A::Product, A::Product) {
    let start = (A::Product::default(), A::Product::default());
    with_above(groups).fold(start, |(twice_wins, ties), (Group { samples, .. }, above)| {
        let below = totals.negatives - above.negatives - samples.negatives;
        (
            twice_wins + samples.positives.times(below + below + samples.negatives),
            ties + samples.positives.times(samples.negatives),
        )
    })
}

/// A part of all pairs, as a fraction of twice their number; None when a class is missing.
pub(crate) fn of_all_pairs<A: Amount>(part: A::Product, totals: Totals<A>) -> Option<f64> {
    let pairs = totals.positives.times(totals.negatives);
    (pairs > A::Product::default()).then(|| part.to_f64() / (pairs + pairs).to_f64())
}

/// A sum of doubles that keeps what each addition rounds away. Source: Neumaier, Rundungsfehleranalyse einiger
/// Verfahren zur Summation endlicher Summen, ZAMM 54, 1974.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, term: f64) {
        let sum = self.sum + term;
        let (large, small) = if self.sum.abs() < term.abs() { (term, self.sum) } else { (self.sum, term) };
        self.lost += (large - sum) + small;
        self.sum = sum;
    }

    pub(crate) fn value(self) -> f64 {
        self.sum + self.lost
    }
}

/// Average precision; None without positives.
pub(crate) fn average_precision<A: Amount>(
    groups: impl Iterator<Item = Group<A>>,
    totals: Totals<A>,
) -> Option<f64> {
    let mut sum = Sum::default();
    for (Group { samples, .. }, above) in with_above(groups) {
        if samples.positives > A::default() {
            let selected = above + samples;
            let precision = selected.positives.to_f64() / selected.all().to_f64();
            sum.add(samples.positives.to_f64() * precision);
        }
    }
    (totals.positives > A::default()).then(|| (sum.value() / totals.positives.to_f64()).min(1.0))
}

/// All thresholds with the counts, or sums of weights, at or above them.
pub(crate) fn curve<A: Amount>(groups: impl Iterator<Item = Group<A>>, unit: i32) -> Curve {
    let mut curve = Curve::default();
    for (group, above) in with_above(groups) {
        let selected = above + group.samples;
        curve.thresholds.push(group.threshold);
        curve.false_positives.push(in_units(selected.negatives.to_f64(), unit));
        curve.true_positives.push(in_units(selected.positives.to_f64(), unit));
    }
    curve
}

/// How the ROC curve runs through a group of ties, of which only the ends are known.
#[derive(Clone, Copy)]
pub(crate) enum Through {
    /// Right, then up.
    Lowest,
    /// Straight: what ties count.
    Straight,
    /// Up, then right.
    Highest,
}

/// Area under the ROC curve where the false positive rate is at most `max_fpr`; None when a class is missing.
pub(crate) fn partial_area<A: Amount>(
    groups: impl Iterator<Item = Group<A>>,
    totals: Totals<A>,
    max_fpr: f64,
    through: Through,
) -> Option<f64> {
    let limit = max_fpr * totals.negatives.to_f64();
    let (mut whole, mut part) = (A::Product::default(), 0.0);
    for (Group { samples, .. }, above) in with_above(groups) {
        let (start, end) = (above.positives, above.positives + samples.positives);
        if (above.negatives + samples.negatives).to_f64() <= limit {
            let twice_height = match through {
                Through::Lowest => start + start,
                Through::Straight => start + end,
                Through::Highest => end + end,
            };
            whole = whole + samples.negatives.times(twice_height);
            continue;
        }
        let width = limit - above.negatives.to_f64();
        let rise = samples.positives.to_f64() * (width / samples.negatives.to_f64());
        part = width
            * match through {
                Through::Lowest => 2.0 * start.to_f64(),
                Through::Straight => 2.0 * start.to_f64() + rise,
                Through::Highest => 2.0 * end.to_f64(),
            };
        break;
    }
    let pairs = totals.positives.times(totals.negatives);
    (pairs > A::Product::default()).then(|| (whole.to_f64() + part) / (pairs + pairs).to_f64())
}

/// The threshold at which a metric is highest, and the metric there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BestThreshold {
    /// Samples that score at least this are positive. The largest of the best.
    pub threshold: f64,
    /// The metric at the threshold.
    pub value: f64,
    /// No threshold has a higher one.
    pub high: f64,
}

/// The best of the thresholds of the groups; None when the metric has no value.
pub(crate) fn best_threshold<A: Amount>(
    groups: impl Iterator<Item = Group<A>>,
    totals: Totals<A>,
    criterion: &dyn Criterion,
) -> Option<BestThreshold> {
    let mut best: Option<(f64, Outcome)> = None;
    for (group, above) in with_above(groups) {
        let outcome = outcome(above + group.samples, totals);
        if best.is_none_or(|(_, best)| criterion.compare(&outcome, &best) == Ordering::Greater) {
            best = Some((group.threshold, outcome));
        }
    }
    let (threshold, outcome) = best?;
    criterion.value(&outcome).map(|value| BestThreshold { threshold, value, high: value })
}

/// What is accepted. Sums of weights keep their 63 highest bits of the total: metrics are ratios.
pub(crate) fn outcome<A: Amount>(accepted: Totals<A>, totals: Totals<A>) -> Outcome {
    let all: u128 = totals.all().into();
    let shift = (u128::BITS - all.leading_zeros()).saturating_sub(63);
    let top = |amount: A| (amount.into() >> shift) as u64;
    Outcome {
        true_positives: top(accepted.positives),
        false_positives: top(accepted.negatives),
        positives: top(totals.positives),
        negatives: top(totals.negatives),
    }
}
