//! Values of measures from the ranks of the relevant items of one query.

use super::RetrievalError;
use super::order::Ties;
use super::ranks::{Group, Listed};
use std::f64::consts::LN_2;

/// What a grade is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gain {
    /// The grade itself.
    Linear,
    /// `2^grade - 1`.
    Exponential,
}

impl Gain {
    /// The highest exponential grade: no sum of gains overflows.
    pub(super) const HIGHEST: f64 = 900.0;

    fn of(self, grade: f64) -> f64 {
        match self {
            Self::Linear => grade,
            // The power of a whole grade is exact, and made of its bits.
            Self::Exponential if f64::from(grade as u16) == grade && grade <= Self::HIGHEST => {
                f64::from_bits((1023 + u64::from(grade as u16)) << 52) - 1.0
            }
            Self::Exponential => (grade * LN_2).exp_m1(),
        }
    }
}

/// A value of one query. A `cut` of k looks at the first k ranks; `usize::MAX` at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    /// Relevant items within the cut, divided by the cut, even where the list is shorter.
    Precision {
        /// The ranks looked at.
        cut: usize,
    },
    /// 1 if an item within the cut is relevant, else 0.
    Hit {
        /// The ranks looked at.
        cut: usize,
    },
    /// Share of the relevant items that are within the cut.
    Recall {
        /// The ranks looked at.
        cut: usize,
    },
    /// Precision with as many ranks as there are relevant items.
    RPrecision,
    /// Mean over as many ranks as there are relevant items of the precision at each, 0 at irrelevant ones.
    AveragePrecisionAtR,
    /// Sum of the precisions at the relevant items within the cut, divided by the number of relevant items,
    /// or, where `capped`, by the cut if that is less.
    AveragePrecision {
        /// The ranks looked at.
        cut: usize,
        /// Whether the divisor is at most the cut.
        capped: bool,
    },
    /// One divided by the rank of the first relevant item, if that is within the cut, else 0.
    ReciprocalRank {
        /// The ranks looked at.
        cut: usize,
    },
    /// Sum of the gains within the cut, each divided by `log2(rank + 1)`.
    Dcg {
        /// The ranks looked at.
        cut: usize,
        /// What a grade is worth.
        gain: Gain,
        /// Whether it is divided by the same sum of the ideal order.
        normalised: bool,
    },
}

impl Measure {
    pub(super) fn check(&self, ties: Ties) -> Result<(), RetrievalError> {
        if self.depth(1) == 0 {
            return Err(RetrievalError::NoRank);
        }
        match self {
            Self::AveragePrecisionAtR | Self::AveragePrecision { .. } | Self::ReciprocalRank { .. }
                if ties == Ties::Expected =>
            {
                Err(RetrievalError::NoExpectation)
            }
            _ => Ok(()),
        }
    }

    /// The last rank that matters.
    pub(super) fn depth(&self, relevant: usize) -> usize {
        match *self {
            Self::Precision { cut }
            | Self::Hit { cut }
            | Self::Recall { cut }
            | Self::AveragePrecision { cut, .. }
            | Self::ReciprocalRank { cut }
            | Self::Dcg { cut, .. } => cut,
            Self::RPrecision | Self::AveragePrecisionAtR => relevant,
        }
    }

    /// The last rank of the ideal order that matters, if that order does.
    pub(super) fn ideal_depth(&self) -> Option<usize> {
        match *self {
            Self::Dcg { cut, normalised: true, .. } => Some(cut),
            _ => None,
        }
    }

    /// The grades that have a value.
    pub(super) fn limits(&self) -> (f64, f64) {
        match self {
            Self::Dcg { gain, normalised, .. } => (
                if *normalised { 0.0 } else { f64::NEG_INFINITY },
                if *gain == Gain::Exponential { Gain::HIGHEST } else { f64::INFINITY },
            ),
            _ => (0.0, f64::INFINITY),
        }
    }

    pub(super) fn value(&self, listed: &Listed<'_>, discounts: &Discounts) -> f64 {
        let relevant = listed.relevant as f64;
        match *self {
            Self::Dcg { cut, gain, normalised } => {
                let sum = discounts.sum(listed, cut, gain);
                if !normalised {
                    return sum;
                }
                let ideal = discounts.ideal(listed, cut, gain);
                if ideal == 0.0 { 0.0 } else { sum / ideal }
            }
            _ if listed.relevant == 0 => 0.0,
            Self::Precision { cut } => listed.found(cut) / cut as f64,
            Self::Hit { cut } => listed.chance(cut),
            Self::Recall { cut } => listed.found(cut) / relevant,
            Self::RPrecision => listed.found(listed.relevant) / relevant,
            Self::AveragePrecisionAtR => listed.precisions(listed.relevant) / relevant,
            Self::AveragePrecision { cut, capped } => {
                listed.precisions(cut) / if capped { relevant.min(cut as f64) } else { relevant }
            }
            Self::ReciprocalRank { cut } => {
                listed.hits.first().filter(|hit| hit.rank <= cut).map_or(0.0, |hit| 1.0 / hit.rank as f64)
            }
        }
    }
}

impl Listed<'_> {
    /// How many relevant items are within the cut, or how many to expect.
    fn found(&self, cut: usize) -> f64 {
        let expected: f64 = self
            .groups
            .iter()
            .map(|group| (group.within(cut) * group.grades.len()) as f64 / group.size as f64)
            .sum();
        expected + self.hits.partition_point(|hit| hit.rank <= cut) as f64
    }

    /// The chance that a relevant item is within the cut.
    fn chance(&self, cut: usize) -> f64 {
        if let Some(first) = self.hits.first() {
            return f64::from(u8::from(first.rank <= cut));
        }
        1.0 - self.groups.iter().map(|group| group.chance_of_none(cut)).product::<f64>()
    }

    /// The sum of the precisions at the relevant items within the cut.
    fn precisions(&self, cut: usize) -> f64 {
        let within = self.hits.iter().take_while(|hit| hit.rank <= cut);
        within.zip(1_u32..).map(|(hit, found)| f64::from(found) / hit.rank as f64).sum()
    }
}

impl Group {
    /// How many ranks of the group are within the cut.
    fn within(&self, cut: usize) -> usize {
        cut.saturating_sub(self.above).min(self.size)
    }

    /// The chance that none of the ranks within the cut has a relevant item: `C(n - q, m) / C(n, m)` with `n`
    /// items, `q` relevant ones and `m` ranks, as a product with one factor per rank or per relevant item.
    fn chance_of_none(&self, cut: usize) -> f64 {
        let (ranks, relevant) = (self.within(cut), self.grades.len());
        let (few, many) = (ranks.min(relevant), ranks.max(relevant));
        let factor = |taken| self.size.saturating_sub(many + taken) as f64 / (self.size - taken) as f64;
        (0..few).map(factor).product()
    }
}

/// `1 / log2(rank + 1)`, from rank 1 on.
pub(super) struct Discounts(Vec<f64>);

impl Discounts {
    /// Those that the measures need on lists of at most `longest` items.
    pub(super) fn new(measures: &[Measure], longest: usize) -> Self {
        let cuts = measures.iter().filter(|measure| matches!(measure, Measure::Dcg { .. }));
        let last = cuts.map(|measure| measure.depth(0)).max().unwrap_or(0).min(longest);
        Self((1..=last).map(|rank| 1.0 / (rank as f64 + 1.0).log2()).collect())
    }

    fn sum(&self, listed: &Listed<'_>, cut: usize, gain: Gain) -> f64 {
        let hits = listed.hits.iter().take_while(|hit| hit.rank <= cut);
        let definite: f64 = hits.map(|hit| gain.of(hit.grade) * self.0[hit.rank - 1]).sum();
        let groups = listed.groups.iter().take_while(|group| group.above < cut);
        let expected: f64 = groups
            .map(|group| {
                let gains: f64 =
                    listed.grades[group.grades.clone()].iter().map(|&grade| gain.of(grade)).sum();
                let ranks = group.above..group.above + group.within(cut);
                gains / group.size as f64 * self.0[ranks].iter().sum::<f64>()
            })
            .sum();
        definite + expected
    }

    /// In the same order as [`Self::sum`]: a perfect order is worth exactly the ideal.
    fn ideal(&self, listed: &Listed<'_>, cut: usize, gain: Gain) -> f64 {
        let ideal = listed.ideal.iter().zip(&self.0).take(cut);
        ideal.map(|(&grade, discount)| gain.of(grade) * discount).sum()
    }
}
