//! What the best threshold is best in.

use crate::states::amount::{Amount, Product};
use crate::states::runs::Totals;

/// A metric of a decision at a threshold. Each is computed from exact integers and rounded at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// `(TP + TN) / (P + N)`
    Accuracy,
    /// `(TP / P + TN / N) / 2`
    BalancedAccuracy,
    /// `2 TP / (P + TP + FP)`
    F1,
    /// Matthews correlation: `(TP N - FP P) / sqrt(P N (TP + FP) (P + N - TP - FP))`, 0 where all samples
    /// are on one side.
    Matthews,
    /// Youden's index: `TP / P - FP / N`
    Youden,
}

impl Criterion {
    /// The criterion of a name: that of the enum, in snake case.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "accuracy" => Self::Accuracy,
            "balanced_accuracy" => Self::BalancedAccuracy,
            "f1" => Self::F1,
            "matthews" => Self::Matthews,
            "youden" => Self::Youden,
            _ => return None,
        })
    }

    /// Whether the metric has a value for these totals.
    pub(crate) fn is_defined<A: Amount>(self, totals: Totals<A>) -> bool {
        let none = A::default();
        match self {
            Self::Accuracy => totals.all() > none,
            Self::F1 => totals.positives > none,
            Self::BalancedAccuracy | Self::Matthews | Self::Youden => {
                totals.positives > none && totals.negatives > none
            }
        }
    }

    /// The metric where `tp` of the positives and `fp` of the negatives are at or above the threshold.
    pub(crate) fn value<A: Amount>(self, tp: A, fp: A, totals: Totals<A>) -> f64 {
        let Totals { negatives, positives } = totals;
        match self {
            Self::Accuracy => (tp + (negatives - fp)).to_f64() / totals.all().to_f64(),
            Self::F1 => (tp + tp).to_f64() / (positives + tp + fp).to_f64(),
            Self::BalancedAccuracy => {
                let pairs = positives.times(negatives);
                let right = tp.times(negatives) + (negatives - fp).times(positives);
                right.to_f64() / (pairs + pairs).to_f64()
            }
            Self::Youden => advantage(tp, fp, totals) / positives.times(negatives).to_f64(),
            Self::Matthews => {
                let selected = tp + fp;
                let sides = selected.times(totals.all() - selected).to_f64();
                // One root of one product: a perfect decision has 1 exactly.
                let norm = (positives.times(negatives).to_f64() * sides).sqrt();
                if norm > 0.0 { advantage(tp, fp, totals) / norm } else { 0.0 }
            }
        }
    }
}

/// `TP N - FP P`
fn advantage<A: Amount>(tp: A, fp: A, totals: Totals<A>) -> f64 {
    let (gain, loss) = (tp.times(totals.negatives), fp.times(totals.positives));
    if gain >= loss { (gain - loss).to_f64() } else { -(loss - gain).to_f64() }
}
