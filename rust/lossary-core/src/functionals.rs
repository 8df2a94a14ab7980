//! Metrics of binary rankings as functions of how many positives and negatives share each score.
//!
//! The bootstrap sorts once and then calls such a function for each resample, on reweighted tie groups.

use std::ops::{Add, Mul};

/// A count, or a sum of weights.
pub trait Amount: Copy + Default + Add<Output = Self> + Mul<Output = Self> + PartialOrd {
    /// The number, rounded where it is an integer beyond 2^53.
    fn to_f64(self) -> f64;
}

impl Amount for u64 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self as i64 as f64 // no count reaches 2^63, and the signed conversion is one instruction
    }
}

impl Amount for f64 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}

/// How many positives and negatives there are, or what they weigh.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Group<A> {
    /// Of the positives.
    pub positives: A,
    /// Of the negatives.
    pub negatives: A,
}

/// A metric of a ranking.
///
/// ```
/// use lossary_core::functionals::{Amount, Functional, Group};
///
/// /// Share of the positives among the samples with the highest score.
/// struct TopPrecision;
///
/// impl Functional for TopPrecision {
///     fn value<A: Amount>(&self, _: Group<A>, mut descending: impl Iterator<Item = Group<A>>) -> Option<f64> {
///         let top = descending.find(|group| group.positives + group.negatives > A::default())?;
///         Some(top.positives.to_f64() / (top.positives + top.negatives).to_f64())
///     }
/// }
/// ```
pub trait Functional: Sync {
    /// The metric, from the totals and the groups of equal scores, highest score first; None where it is
    /// undefined. A group may be empty.
    fn value<A: Amount>(&self, total: Group<A>, descending: impl Iterator<Item = Group<A>>) -> Option<f64>;
}

/// Area under the ROC curve; undefined without both classes.
#[derive(Debug, Clone, Copy)]
pub struct RocAuc;

impl Functional for RocAuc {
    #[inline(always)]
    fn value<A: Amount>(&self, total: Group<A>, descending: impl Iterator<Item = Group<A>>) -> Option<f64> {
        let (mut twice_wins, mut above) = (A::default(), A::default());
        for group in descending {
            let reached = above + group.positives;
            twice_wins = twice_wins + group.negatives * (above + reached);
            above = reached;
        }
        let pairs = total.positives.to_f64() * total.negatives.to_f64();
        (pairs > 0.0).then(|| twice_wins.to_f64() / (2.0 * pairs))
    }
}

/// Average precision; undefined without positives.
#[derive(Debug, Clone, Copy)]
pub struct AveragePrecision;

impl Functional for AveragePrecision {
    #[inline(always)]
    fn value<A: Amount>(&self, total: Group<A>, descending: impl Iterator<Item = Group<A>>) -> Option<f64> {
        let (mut sum, mut above) = (0.0, Group::<A>::default());
        for group in descending {
            above.positives = above.positives + group.positives;
            above.negatives = above.negatives + group.negatives;
            // At least something, instead of a branch that is hard to predict: without positives the term is 0.
            let selected = (above.positives + above.negatives).to_f64().max(f64::MIN_POSITIVE);
            sum += group.positives.to_f64() * (above.positives.to_f64() / selected);
        }
        let positives = total.positives.to_f64();
        (positives > 0.0).then(|| sum / positives)
    }
}
