//! The bootstrap of rankings: sort once, then reweight.
//!
//! Rows are numbered by their scores, from the highest down, so a resample costs one draw and one step of a scan for
//! each row; nothing is sorted or copied again. Several score vectors share their draws. Resamples are the same for
//! any number of threads.
//!
//! Source: Efron, Better bootstrap confidence intervals, Journal of the American Statistical Association 82, 1987.

use crate::functionals::{Amount, Functional, Group};
use crate::keys::Score;
use crate::order::Order;
use crate::ranking::{RankingError, check_lengths};
use crate::resampling::{Resampler, ResamplingError, Scheme, check_weights};
use std::fmt;
use std::ops::Range;

/// Why a ranking cannot be resampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BootstrapError {
    /// The scores cannot be ranked.
    Ranking(RankingError),
    /// The rows cannot be drawn.
    Resampling(ResamplingError),
}

impl fmt::Display for BootstrapError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ranking(error) => error.fmt(out),
            Self::Resampling(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for BootstrapError {}

impl From<RankingError> for BootstrapError {
    fn from(error: RankingError) -> Self {
        Self::Ranking(error)
    }
}

impl From<ResamplingError> for BootstrapError {
    fn from(error: ResamplingError) -> Self {
        Self::Resampling(error)
    }
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub enum Draws<'a> {
    /// Samples, independently of each other.
    Samples,
    /// Positives and negatives apart, so that the size of each class stays.
    WithinClasses,
    /// Whole clusters of samples: a number for each sample, below the number of samples.
    Clusters(&'a [u32]),
}

/// One or more score vectors on the same labels, ready to be resampled.
///
/// Uses up to 17 bytes a score for each vector, and 8 for weights.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    resampler: Resampler,
    /// The row of each sample.
    row_of: Vec<u32>,
    first: Ranking,
    others: Vec<(Ranking, Vec<u32>)>,
}

/// The samples in the order of a score vector, highest first, positives first among ties.
#[derive(Debug, Clone)]
struct Ranking {
    /// For each tie group, where its positives end and where it ends; nothing if no scores tie.
    ends: Vec<[u32; 2]>,
    /// 255 for positives, 0 for negatives.
    masks: Vec<u8>,
    weights: Option<Vec<f64>>,
}

impl Bootstrap {
    /// Sorts the first score vector. A label of 0 is negative, any other is positive.
    ///
    /// # Errors
    /// [`BootstrapError`]: no scores, 2^32 of them or more, a NaN, lengths that differ, weights that are negative
    /// or not finite, or clusters that do not fit.
    ///
    /// ```
    /// use lossary_core::bootstrap::{Bootstrap, Draws};
    /// use lossary_core::functionals::RocAuc;
    /// let bootstrap = Bootstrap::new(&[0.1, 0.4, 0.35, 0.8], &[0, 0, 1, 1], None, Draws::WithinClasses)?;
    /// let areas = bootstrap.resample(&RocAuc, 200, 0);
    /// assert!(areas.iter().all(|area| [0.0, 0.25, 0.5, 0.75, 1.0].contains(area)));
    /// # Ok::<(), lossary_core::bootstrap::BootstrapError>(())
    /// ```
    pub fn new<S: Score>(
        scores: &[S],
        labels: &[u8],
        weights: Option<&[f64]>,
        draws: Draws<'_>,
    ) -> Result<Self, BootstrapError> {
        check_lengths(scores, labels)?;
        if let Some(weights) = weights {
            check_lengths(scores, weights)?;
        }
        check_weights(weights)?;
        let largest = weights.map_or(1.0, |weights| weights.iter().copied().fold(0.0, f64::max));
        let weights: Option<Vec<f64>> =
            weights.map(|weights| weights.iter().map(|weight| weight / largest).collect());
        let (first, order) = Ranking::new(scores, |sample| labels[sample] != 0, weights.as_deref())?;
        let of_rows = |codes: &[u32]| order.iter().map(|&sample| codes[sample as usize]).collect::<Vec<_>>();
        let resampler = match draws {
            Draws::Samples => Resampler::new(order.len(), Scheme::Rows),
            Draws::WithinClasses => {
                let classes: Vec<u32> = first.masks.iter().map(|&mask| u32::from(mask != 0)).collect();
                // A single class is stratum 1 of one row or more: its number must stay below the rows.
                let single = classes.iter().all(|class| Some(class) == classes.first());
                Resampler::new(order.len(), if single { Scheme::Rows } else { Scheme::Strata(&classes) })
            }
            Draws::Clusters(codes) if codes.len() == order.len() => {
                Resampler::new(order.len(), Scheme::Clusters(&of_rows(codes)))
            }
            Draws::Clusters(codes) => Resampler::new(order.len(), Scheme::Clusters(codes)),
        }?;
        let mut row_of = vec![0; order.len()];
        for (row, &sample) in (0..).zip(&order) {
            row_of[sample as usize] = row;
        }
        Ok(Self { resampler, row_of, first, others: Vec::new() })
    }

    /// Adds a score vector of the same samples, which shares the draws.
    ///
    /// # Errors
    /// [`BootstrapError::Ranking`]: another length than the first, or a NaN.
    pub fn add<S: Score>(&mut self, scores: &[S]) -> Result<(), BootstrapError> {
        check_lengths(scores, &self.row_of)?;
        let row = |sample: usize| self.row_of[sample] as usize;
        let weights: Option<Vec<f64>> = self
            .first
            .weights
            .as_ref()
            .map(|weights| (0..scores.len()).map(|sample| weights[row(sample)]).collect());
        let (ranking, order) =
            Ranking::new(scores, |sample| self.first.masks[row(sample)] != 0, weights.as_deref())?;
        let rows = order.iter().map(|&sample| self.row_of[sample as usize]).collect();
        self.others.push((ranking, rows));
        Ok(())
    }

    /// The metric of each score vector on each resample, resample by resample; NaN where it is undefined.
    pub fn resample(&self, metric: &impl Functional, resamples: u32, seed: u64) -> Vec<f64> {
        self.resampler.map(resamples, seed, |counts| self.values(metric, counts)).concat()
    }

    /// The metric of each score vector without each row, cluster, or block of them, as [`Resampler::blocks`] has it.
    pub fn jackknife(&self, metric: &impl Functional, seed: u64) -> Vec<f64> {
        self.resampler.map_jackknife(seed, |counts| self.values(metric, counts)).concat()
    }

    fn values(&self, metric: &impl Functional, counts: &[u8]) -> Vec<f64> {
        let mut values = vec![self.first.value(metric, counts)];
        for (ranking, rows) in &self.others {
            let counts: Vec<u8> = rows.iter().map(|&row| counts[row as usize]).collect();
            values.push(ranking.value(metric, &counts));
        }
        values
    }
}

impl Ranking {
    /// The ranking, and the sample at each place.
    fn new<S: Score>(
        scores: &[S],
        positive: impl Fn(usize) -> bool,
        weights: Option<&[f64]>,
    ) -> Result<(Self, Vec<u32>), RankingError> {
        let (mut order, mut ends) = (Vec::with_capacity(scores.len()), Vec::new());
        let count = scores.len() as u32;
        let is_positive = |&sample: &u32| positive(sample as usize);
        // Backwards: the reversal below brings samples that tie to the order of the input.
        for group in Order::of(scores)?.groups() {
            let end = count - order.len() as u32;
            order.extend(group.iter().rev().copied().filter(|sample| !is_positive(sample)));
            let positives_end = count - order.len() as u32;
            order.extend(group.iter().rev().copied().filter(is_positive));
            ends.push([positives_end, end]);
        }
        order.reverse();
        ends.reverse();
        if ends.len() == scores.len() {
            ends = Vec::new();
        }
        let masks = order.iter().map(|&sample| u8::from(positive(sample as usize)).wrapping_neg()).collect();
        let weights = weights.map(|weights| order.iter().map(|&sample| weights[sample as usize]).collect());
        Ok((Self { ends, masks, weights }, order))
    }

    fn value(&self, metric: &impl Functional, counts: &[u8]) -> f64 {
        let masks = &self.masks[..counts.len()];
        let value = match &self.weights {
            None => {
                let positives = sum_of_bytes(counts, |chunk, start| {
                    chunk.iter().zip(&masks[start..]).map(|(count, mask)| u16::from(count & mask)).sum()
                });
                let all = sum_of_bytes(counts, |chunk, _| chunk.iter().map(|&count| u16::from(count)).sum());
                let single = |place: usize| Group {
                    positives: u64::from(counts[place] & masks[place]),
                    negatives: u64::from(counts[place] & !masks[place]),
                };
                let total = Group { positives, negatives: all - positives };
                self.of_groups(metric, counts.len(), total, single, |range| {
                    counts[range].iter().map(|&count| u64::from(count)).sum()
                })
            }
            Some(weights) => {
                let weighed: Vec<f64> =
                    counts.iter().zip(weights).map(|(&count, weight)| f64::from(count) * weight).collect();
                let single = |place: usize| match masks[place] {
                    0 => Group { positives: 0.0, negatives: weighed[place] },
                    _ => Group { positives: weighed[place], negatives: 0.0 },
                };
                let add = |total: Group<f64>, sample: Group<f64>| Group {
                    positives: total.positives + sample.positives,
                    negatives: total.negatives + sample.negatives,
                };
                let total = (0..weighed.len()).map(single).fold(Group::default(), add);
                self.of_groups(metric, weighed.len(), total, single, |range| weighed[range].iter().sum())
            }
        };
        value.unwrap_or(f64::NAN)
    }

    #[inline(always)]
    fn of_groups<A: Amount>(
        &self,
        metric: &impl Functional,
        places: usize,
        total: Group<A>,
        single: impl Fn(usize) -> Group<A>,
        sum: impl Fn(Range<usize>) -> A,
    ) -> Option<f64> {
        if self.ends.is_empty() {
            return metric.value(total, (0..places).map(single));
        }
        let mut start = 0;
        metric.value(
            total,
            self.ends.iter().map(|&[positives_end, end]| {
                let (middle, end) = (positives_end as usize, end as usize);
                let group = match end - start {
                    1 => single(start),
                    _ => Group { positives: sum(start..middle), negatives: sum(middle..end) },
                };
                start = end;
                group
            }),
        )
    }
}

/// Adds sums of chunks that fit in 16 bits: the processor adds more of these at a time.
fn sum_of_bytes(counts: &[u8], sum: impl Fn(&[u8], usize) -> u16) -> u64 {
    const CHUNK: usize = 256;
    counts.chunks(CHUNK).enumerate().map(|(index, chunk)| u64::from(sum(chunk, index * CHUNK))).sum()
}
