//! DeLong's variance of the area under the ROC curve, and the covariance of several areas on the same labels.
//!
//! The placement of a positive is the share of the negatives below it, of a negative the share of the positives
//! above it, ties as half; both have the area as their mean. With `V10` and `V01` for them, the covariance of the
//! areas of two score vectors is `cov(V10) / P + cov(V01) / N`, with divisors `P - 1` and `N - 1` inside.
//!
//! Without weights everything is counted: doubled placements are integers, sums of their products fit in 128 bits
//! for up to 2^32 samples, and one division at the end rounds. With weights, a placement is a share of the weight
//! of the other class, and with `W` for the sum of the weights of a class, a class adds
//! `(n / (n - 1)) sum (w / W)^2 (V - area) (V' - area')`, where `n = W^2 / sum w^2` is its effective size; equal
//! weights give the formula above.
//!
//! Source: DeLong, DeLong and Clarke-Pearson, Comparing the areas under two or more correlated receiver operating
//! characteristic curves, Biometrics 44, 1988; placements from sorted scores: Sun and Xu, Fast implementation of
//! DeLong's algorithm, IEEE Signal Processing Letters 21, 2014; effective size: Kish, Survey Sampling, 1965.

use crate::bins::Bins;
use crate::keys::{Key, Score};
use crate::partition::partition;
use crate::ranking::{Counted, RankingError, survey};
use crate::threads;
use std::fmt;
use std::ops::{Add, Mul};

/// Why areas have no covariance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DelongError {
    /// The scores cannot be ranked.
    Ranking(RankingError),
    /// A weight is below zero.
    NegativeWeight {
        /// Position of the first such weight.
        index: usize,
    },
    /// A class is too large for doubled placements of 32 bits.
    TooLarge {
        /// Number of samples.
        samples: usize,
    },
    /// A class has fewer than two samples that weigh anything.
    TooFew {
        /// Number of positives with weight.
        positives: u64,
        /// Number of negatives with weight.
        negatives: u64,
    },
}

impl fmt::Display for DelongError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ranking(error) => error.fmt(out),
            Self::NegativeWeight { index } => {
                write!(out, "weights: got a negative weight at {index}; wanted none below zero")
            }
            Self::TooLarge { samples } => {
                write!(out, "labels: got {samples} samples; wanted fewer than 2^31 of each class")
            }
            Self::TooFew { positives, negatives } => {
                write!(out, "labels: got {positives} positives and {negatives} negatives; wanted two of each")
            }
        }
    }
}

impl std::error::Error for DelongError {}

impl From<RankingError> for DelongError {
    fn from(error: RankingError) -> Self {
        Self::Ranking(error)
    }
}

/// Areas of one or more score vectors on the same labels, and how they vary together.
#[derive(Debug, Clone, PartialEq)]
pub struct Delong {
    /// The area of each score vector.
    pub areas: Vec<f64>,
    /// Part of the covariance of the areas that the positives add, row by row: `cov(V10) / P`.
    pub of_positives: Vec<f64>,
    /// Part that the negatives add: `cov(V01) / N`.
    pub of_negatives: Vec<f64>,
    /// Variance of the difference of each two areas: (0, 1), (0, 2), ..., (1, 2), ...; what `V_aa + V_bb - 2 V_ab` is,
    /// without what cancels there when two vectors rank nearly alike.
    pub differences: Vec<f64>,
    /// Number of positives; with weights, their effective number.
    pub positives: f64,
    /// Number of negatives; with weights, their effective number.
    pub negatives: f64,
}

impl Delong {
    /// The covariance of the areas, row by row.
    pub fn covariance(&self) -> Vec<f64> {
        self.of_positives
            .iter()
            .zip(&self.of_negatives)
            .map(|(positive, negative)| positive + negative)
            .collect()
    }
}

/// How many positives and negatives share a score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tied {
    /// Number of positives.
    pub positives: u64,
    /// Number of negatives.
    pub negatives: u64,
}

impl Tied {
    #[inline]
    pub(crate) fn and(self, other: Self) -> Self {
        Self { positives: self.positives + other.positives, negatives: self.negatives + other.negatives }
    }
}

/// Variance of the area of one score vector. A label of 0 is negative, any other is positive.
///
/// The same as the definition over all pairs, exact until the last division, in O(n log n) time and one packed copy
/// (4 or 8 bytes a score) of memory.
///
/// # Errors
/// [`DelongError`]: fewer than two samples of a class, no scores, 2^32 of them or more, lengths that differ, or
/// a NaN.
///
/// ```
/// // Placements 1/2 and 1 in both classes: each adds (1/8) / 2.
/// let delong = lossary_core::delong::delong(&[0.1, 0.4, 0.35, 0.8], &[0, 0, 1, 1])?;
/// assert_eq!((delong.areas[0], delong.covariance()[0]), (0.75, 0.125));
/// # Ok::<(), lossary_core::delong::DelongError>(())
/// ```
pub fn delong<S: Score>(scores: &[S], labels: &[u8]) -> Result<Delong, DelongError> {
    let samples = Counted::new(scores, labels)?;
    if u32::try_from(scores.len()).is_err() {
        return Err(RankingError::TooMany { scores: scores.len() }.into());
    }
    let survey = survey(scores)?;
    let mut buckets = partition(&samples, &survey);
    let threads = threads::threads_for(scores.len());
    let parts = threads::map_with(buckets.iter_mut(), threads, Bins::default, |bins, bucket| {
        bins.sort(bucket.entries);
        let groups = bucket.entries.chunk_by(|a, b| a.tie_group() == b.tie_group()).map(count);
        Moments::of(groups, bucket.entries.len())
    });
    let (total, moments) =
        parts.into_iter().fold(<(Tied, [Moments; 2])>::default(), |(below, lower), (size, upper)| {
            (below.and(size), Moments::followed_by(lower, upper, below, size))
        });
    check_sizes(total.positives, total.negatives)?;
    Ok(result(moments, total))
}

fn count<K: Key>(entries: &[K]) -> Tied {
    let positives = entries.iter().map(|entry| u64::from(entry.is_positive())).sum();
    Tied { positives, negatives: entries.len() as u64 - positives }
}

/// [`delong`] of scores that are counted already: one item for each distinct score, lowest first.
///
/// # Errors
/// [`DelongError`]: fewer than two samples of a class, or 2^32 samples or more.
///
/// ```
/// use lossary_core::delong::{Tied, delong_of_counts};
/// // A billion scores of two values, each class split in half over them: chance, whatever the number.
/// let half = Tied { positives: 250_000_000, negatives: 250_000_000 };
/// let delong = delong_of_counts([half, half])?;
/// assert_eq!(delong.areas, [0.5]);
/// # Ok::<(), lossary_core::delong::DelongError>(())
/// ```
pub fn delong_of_counts(
    ascending: impl IntoIterator<Item = Tied, IntoIter: Clone>,
) -> Result<Delong, DelongError> {
    let ascending = ascending.into_iter();
    let total = ascending.clone().try_fold(Tied::default(), |total, tied| {
        let positives = total.positives.checked_add(tied.positives)?;
        Some(Tied { positives, negatives: total.negatives.checked_add(tied.negatives)? })
    });
    let size = total.and_then(|total| total.positives.checked_add(total.negatives));
    let (Some(Tied { positives, negatives }), Some(..=0xffff_ffff)) = (total, size) else {
        return Err(RankingError::TooMany { scores: size.unwrap_or(u64::MAX) as usize }.into());
    };
    check_sizes(positives, negatives)?;
    let samples = usize::try_from(positives + negatives).unwrap_or(usize::MAX);
    let (total, moments) = Moments::of(ascending, samples);
    Ok(result(moments, total))
}

fn result([of_positives, of_negatives]: [Moments; 2], total: Tied) -> Delong {
    let (positives, negatives) = (total.positives, total.negatives);
    Delong {
        areas: vec![of_positives.sum as f64 / (2 * u128::from(positives) * u128::from(negatives)) as f64],
        of_positives: vec![scaled(of_positives.centred(positives), positives, negatives)],
        of_negatives: vec![scaled(of_negatives.centred(negatives), negatives, positives)],
        differences: Vec::new(),
        positives: positives as f64,
        negatives: negatives as f64,
    }
}

pub(crate) fn check_sizes(positives: u64, negatives: u64) -> Result<(), DelongError> {
    if positives.min(negatives) < 2 { Err(DelongError::TooFew { positives, negatives }) } else { Ok(()) }
}

/// Sums of the doubled placements of a class above the other, and of their squares.
///
/// Those of the negatives are the positives below, not above, which has the same spread.
#[derive(Clone, Copy, Default)]
struct Moments {
    sum: u128,
    squares: u128,
}

impl Moments {
    /// The size of tie groups, lowest first, that hold so many samples, and the sums of their positives and negatives.
    fn of(ascending: impl Iterator<Item = Tied>, samples: usize) -> (Tied, [Self; 2]) {
        // A placement is below twice the number of samples, so a sum of squares is below 2^62.
        if samples <= 1 << 20 { Self::sum::<u64>(ascending) } else { Self::sum::<u128>(ascending) }
    }

    fn sum<N>(ascending: impl Iterator<Item = Tied>) -> (Tied, [Self; 2])
    where
        N: Copy + Default + From<u64> + Into<u128> + Add<Output = N> + Mul<Output = N>,
    {
        let mut below = Tied::default();
        let mut sums = [[N::default(); 2]; 2];
        for tied in ascending {
            let classes = [
                (2 * below.negatives + tied.negatives, tied.positives),
                (2 * below.positives + tied.positives, tied.negatives),
            ];
            for ([sum, squares], (place, times)) in sums.iter_mut().zip(classes) {
                // Below 2 P N, and so below 2^63.
                let own = place * times;
                *sum = *sum + N::from(own);
                *squares = *squares + N::from(own) * N::from(place);
            }
            below = below.and(tied);
        }
        (below, sums.map(|[sum, squares]| Self { sum: sum.into(), squares: squares.into() }))
    }

    /// Those of a part that lies above another.
    fn followed_by(lower: [Self; 2], upper: [Self; 2], below: Tied, size: Tied) -> [Self; 2] {
        let raises = [(2 * below.negatives, size.positives), (2 * below.positives, size.negatives)];
        [0, 1].map(|class| {
            let (raise, count) = (u128::from(raises[class].0), u128::from(raises[class].1));
            let Self { sum, squares } = upper[class];
            Self {
                sum: lower[class].sum + sum + raise * count,
                squares: lower[class].squares + squares + raise * (2 * sum + raise * count),
            }
        })
    }

    /// `size^2` times their centred second moment. At fewer than 2^32 samples no product exceeds 2^126.
    fn centred(&self, size: u64) -> i128 {
        (u128::from(size) * self.squares) as i128 - (self.sum * self.sum) as i128
    }
}

/// `size^2` times the centred second moment of doubled placements, as the covariance of their means.
pub(crate) fn scaled(centred: i128, own: u64, other: u64) -> f64 {
    let (own, other) = (own as f64, other as f64);
    centred as f64 / (own * own * (own - 1.0)) / (4.0 * other * other)
}
