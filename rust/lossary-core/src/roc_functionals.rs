//! Points and parts of the ROC curve as functions of tie groups, for the bootstrap.
//!
//! The same values as [`crate::operating_points`], [`crate::partial_area`] and the best accuracy of
//! [`crate::thresholds`], in plain double arithmetic.

use crate::functionals::{Amount, Functional, Group};
use crate::operating_points::Interpolation;
use crate::partial_area::Region;

/// The straight pieces of the curve from (0, 0) to (1, 1), as pairs of (FPR, TPR); None without both classes.
fn pieces<A: Amount>(
    total: Group<A>,
    descending: impl Iterator<Item = Group<A>>,
) -> Option<impl Iterator<Item = [(f64, f64); 2]>> {
    let (positives, negatives) = (total.positives.to_f64(), total.negatives.to_f64());
    let walk = descending.scan((Group::<A>::default(), (0.0, 0.0)), move |(above, last), group| {
        above.positives = above.positives + group.positives;
        above.negatives = above.negatives + group.negatives;
        let at = (above.negatives.to_f64() / negatives, above.positives.to_f64() / positives);
        let start = std::mem::replace(last, at);
        Some([start, at])
    });
    (positives > 0.0 && negatives > 0.0).then_some(walk)
}

/// [`crate::operating_points::equal_error_rate`].
#[derive(Debug, Clone, Copy)]
pub struct EqualErrorRate;

impl Functional for EqualErrorRate {
    #[inline(always)]
    fn value<A: Amount>(&self, total: Group<A>, descending: impl Iterator<Item = Group<A>>) -> Option<f64> {
        let imbalance = |(fpr, tpr): (f64, f64)| fpr - (1.0 - tpr);
        let crossing = pieces(total, descending)?.find(|&[_, end]| imbalance(end) >= 0.0);
        // Rounded sums of weights may miss the end by an ulp.
        Some(crossing.map_or(1.0, |[start, end]| {
            let share = -imbalance(start) / (imbalance(end) - imbalance(start));
            start.0 + share * (end.0 - start.0)
        }))
    }
}

/// [`crate::operating_points::true_accept_rates`] at one rate.
#[derive(Debug, Clone, Copy)]
pub struct TrueAcceptRate {
    /// The false accept rate.
    pub limit: f64,
    /// How the rate is read.
    pub interpolation: Interpolation,
}

impl Functional for TrueAcceptRate {
    #[inline(always)]
    fn value<A: Amount>(&self, total: Group<A>, descending: impl Iterator<Item = Group<A>>) -> Option<f64> {
        let crossing = pieces(total, descending)?.find(|[_, end]| end.0 > self.limit);
        Some(crossing.map_or(1.0, |[start, end]| match self.interpolation {
            Interpolation::Step => start.1,
            Interpolation::Linear => start.1 + (self.limit - start.0) / (end.0 - start.0) * (end.1 - start.1),
        }))
    }
}

/// [`crate::partial_area::partial_area`].
#[derive(Debug, Clone, Copy)]
pub struct PartialArea(pub Region);

impl Functional for PartialArea {
    #[inline(always)]
    fn value<A: Amount>(&self, total: Group<A>, descending: impl Iterator<Item = Group<A>>) -> Option<f64> {
        Some(pieces(total, descending)?.map(|piece| self.0.area_under(piece)).sum())
    }
}

/// The accuracy at the threshold that is best for it; accepting nothing is allowed.
#[derive(Debug, Clone, Copy)]
pub struct BestAccuracy;

impl Functional for BestAccuracy {
    #[inline(always)]
    fn value<A: Amount>(&self, total: Group<A>, descending: impl Iterator<Item = Group<A>>) -> Option<f64> {
        let (mut hits, mut alarms, mut most) = (0.0, 0.0, 0.0_f64);
        for group in descending {
            hits += group.positives.to_f64();
            alarms += group.negatives.to_f64();
            most = most.max(hits - alarms);
        }
        let all = (total.positives + total.negatives).to_f64();
        (all > 0.0).then(|| (most + total.negatives.to_f64()) / all)
    }
}
