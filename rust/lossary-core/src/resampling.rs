//! Draws of rows with replacement: how often each row is in a resample, and the bootstrap of a mean.
//!
//! Draw r has a random stream of its own, of the seed and r, so resamples are the same in any order and for any
//! number of threads.
//!
//! Source: Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 7, 1979.

use crate::random::Random;
use crate::threads;
use std::fmt;
use std::ops::Range;

/// A jackknife of more units than this leaves out random blocks of them, about this many.
const MOST_BLOCKS: u32 = 1000;

/// The stream that deals units to the blocks of a jackknife: no resample has this index.
const BLOCKS: u64 = u64::MAX;

/// Resamples of one job: its memory is used again.
const BATCH: u64 = 16;

/// Why rows cannot be drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ResamplingError {
    /// The slices have different lengths.
    LengthMismatch {
        /// Number of rows.
        rows: usize,
        /// Length of the other slice.
        other: usize,
    },
    /// The number of a stratum or cluster is not below the number of rows.
    CodeOutside {
        /// Position of the first such number.
        index: usize,
    },
    /// No rows, or 2^32 of them or more.
    Rows {
        /// Number of rows.
        rows: usize,
    },
    /// A weight is negative or not finite.
    BadWeight {
        /// Position of the first such weight.
        index: usize,
    },
}

impl fmt::Display for ResamplingError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthMismatch { rows, other } => {
                write!(out, "groups: got {other}; wanted {rows}, one a row")
            }
            Self::CodeOutside { index } => {
                write!(out, "groups: got a number beyond the rows at {index}; wanted 0, 1, 2, ...")
            }
            Self::Rows { rows } => write!(out, "rows: got {rows}; wanted at least one, and fewer than 2^32"),
            Self::BadWeight { index } => {
                write!(out, "weights: got a bad one at {index}; wanted finite numbers, none below zero")
            }
        }
    }
}

impl std::error::Error for ResamplingError {}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub enum Scheme<'a> {
    /// Rows, independently of each other: the multinomial bootstrap.
    Rows,
    /// Rows within each stratum, so that its size stays. The number of its stratum for each row.
    Strata(&'a [u32]),
    /// Whole clusters, as many as there are. The number of its cluster for each row.
    Clusters(&'a [u32]),
}

/// Draws resamples of a fixed set of rows.
#[derive(Debug, Clone)]
pub struct Resampler {
    rows: u32,
    plan: Plan,
}

#[derive(Debug, Clone)]
enum Plan {
    Rows,
    /// The rows of each stratum.
    Strata(Vec<Vec<u32>>),
    /// How many clusters, and the cluster of each row.
    Clusters(u32, Vec<u32>),
}

impl Resampler {
    /// Prepares draws of `rows` rows.
    ///
    /// # Errors
    /// [`ResamplingError`]: no rows or 2^32, or strata or clusters that do not fit them.
    ///
    /// ```
    /// use lossary_core::resampling::{Resampler, Scheme};
    /// let strata = Resampler::new(5, Scheme::Strata(&[0, 0, 0, 1, 1]))?;
    /// let mut counts = [0; 5];
    /// strata.draw(7, 0, &mut counts);
    /// assert_eq!((counts[..3].iter().sum::<u8>(), counts[3..].iter().sum::<u8>()), (3, 2));
    /// # Ok::<(), lossary_core::resampling::ResamplingError>(())
    /// ```
    pub fn new(rows: usize, scheme: Scheme<'_>) -> Result<Self, ResamplingError> {
        let count = match u32::try_from(rows) {
            Ok(count) if count > 0 => count,
            _ => return Err(ResamplingError::Rows { rows }),
        };
        let plan = match scheme {
            Scheme::Rows => Plan::Rows,
            Scheme::Strata(codes) => {
                let (strata, codes) = used(rows, codes)?;
                let mut members = vec![Vec::new(); strata as usize];
                for (row, code) in (0..count).zip(codes) {
                    members[code as usize].push(row);
                }
                Plan::Strata(members)
            }
            Scheme::Clusters(codes) => {
                let (clusters, codes) = used(rows, codes)?;
                Plan::Clusters(clusters, codes)
            }
        };
        Ok(Self { rows: count, plan })
    }

    /// Adds to each count how often the row is in resample `index`; further counts stay as they are.
    ///
    /// A count is a byte: more than 255 draws of one row among 256 or more have a probability below 10^-490.
    pub fn draw(&self, seed: u64, index: u64, counts: &mut [u8]) {
        let mut random = Random::stream(seed, index);
        match &self.plan {
            Plan::Rows => random.each_below(self.rows, self.rows, |row| add_one(counts, row)),
            Plan::Strata(strata) => {
                for members in strata {
                    let size = members.len() as u32;
                    random.each_below(size, size, |member| add_one(counts, members[member as usize]));
                }
            }
            Plan::Clusters(clusters, of_row) => {
                let mut of_cluster = vec![0; *clusters as usize];
                random.each_below(*clusters, *clusters, |cluster| add_one(&mut of_cluster, cluster));
                for (count, &cluster) in counts.iter_mut().zip(of_row) {
                    *count = count.wrapping_add(of_cluster[cluster as usize]);
                }
            }
        }
    }

    /// For each row the part that a jackknife leaves out with it, and how many parts there are: a row or a whole
    /// cluster each, or with more than a thousand of these about a thousand random blocks of them.
    ///
    /// Sums over blocks of the squares and cubes of deviations estimate those over rows, so that the ratio of the
    /// two that a bootstrap needs stays the same.
    pub fn blocks(&self, seed: u64) -> (u32, Vec<u32>) {
        let (units, of_row) = match &self.plan {
            Plan::Clusters(clusters, of_row) => (*clusters, of_row.clone()),
            Plan::Rows | Plan::Strata(_) => (self.rows, (0..self.rows).collect()),
        };
        if units <= MOST_BLOCKS {
            return (units, of_row);
        }
        let mut random = Random::stream(seed, BLOCKS);
        let of_unit: Vec<u32> = (0..units).map(|_| random.below(MOST_BLOCKS)).collect();
        (MOST_BLOCKS, of_row.into_iter().map(|unit| of_unit[unit as usize]).collect())
    }

    fn rows(&self) -> usize {
        self.rows as usize
    }

    /// Calls `values` with the counts of each resample; results come in the order of the resamples.
    pub(crate) fn map<R: Send>(
        &self,
        resamples: u32,
        seed: u64,
        values: impl Fn(&[u8]) -> R + Sync,
    ) -> Vec<R> {
        self.batches(u64::from(resamples), |indices| {
            let mut counts = vec![0_u8; self.rows()];
            let value = |index| {
                counts.fill(0);
                self.draw(seed, index, &mut counts);
                values(&counts)
            };
            indices.map(value).collect()
        })
    }

    /// Calls `values` with the counts of each part of a jackknife: 0 for its rows, else 1.
    pub(crate) fn map_jackknife<R: Send>(&self, seed: u64, values: impl Fn(&[u8]) -> R + Sync) -> Vec<R> {
        let (parts, of_row) = self.blocks(seed);
        self.batches(u64::from(parts), |left_out| {
            let without =
                |part| of_row.iter().map(|&own| u8::from(u64::from(own) != part)).collect::<Vec<_>>();
            left_out.map(|part| values(&without(part))).collect()
        })
    }

    fn batches<R: Send>(&self, count: u64, work: impl Fn(Range<u64>) -> Vec<R> + Sync) -> Vec<R> {
        let jobs = (0..count).step_by(BATCH as usize).map(|start| start..count.min(start + BATCH)).collect();
        let threads = threads::threads_for(self.rows().saturating_mul(count as usize));
        threads::map(jobs, threads, work).into_iter().flatten().collect()
    }
}

#[inline(always)]
fn add_one(counts: &mut [u8], index: u32) {
    if let Some(count) = counts.get_mut(index as usize) {
        *count = count.wrapping_add(1);
    }
}

/// Numbers without gaps for the codes that occur, and how many do.
fn used(rows: usize, codes: &[u32]) -> Result<(u32, Vec<u32>), ResamplingError> {
    if codes.len() != rows {
        return Err(ResamplingError::LengthMismatch { rows, other: codes.len() });
    }
    let mut numbers = vec![0_u32; rows];
    for (index, &code) in codes.iter().enumerate() {
        *numbers.get_mut(code as usize).ok_or(ResamplingError::CodeOutside { index })? = 1;
    }
    let mut next = 0;
    for number in &mut numbers {
        let occurs = std::mem::replace(number, next);
        next += occurs;
    }
    Ok((next, codes.iter().map(|&code| numbers[code as usize]).collect()))
}

/// Resamples of a mean, and its jackknife.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampled {
    /// One value for each resample; NaN where it is undefined.
    pub values: Vec<f64>,
    /// One value for each part that was left out; NaN where it is undefined.
    pub jackknife: Vec<f64>,
}

/// Resamples the weighted mean of values: `sum c w v / sum c w` for counts `c`, NaN where nothing is weighed.
///
/// # Errors
/// [`ResamplingError`]: weights of another length, negative or not finite.
///
/// ```
/// use lossary_core::resampling::{Resampler, Scheme, resample_mean};
/// let rows = Resampler::new(3, Scheme::Rows)?;
/// let means = resample_mean(&[1.0, 2.0, 6.0], None, &rows, 100, 0)?;
/// assert_eq!(means.jackknife, [4.0, 3.5, 1.5]);
/// assert!(means.values.iter().all(|mean| (1.0..=6.0).contains(mean)));
/// # Ok::<(), lossary_core::resampling::ResamplingError>(())
/// ```
pub fn resample_mean(
    values: &[f64],
    weights: Option<&[f64]>,
    resampler: &Resampler,
    resamples: u32,
    seed: u64,
) -> Result<Resampled, ResamplingError> {
    let rows = resampler.rows();
    for other in [values.len(), weights.map_or(rows, <[f64]>::len)] {
        if other != rows {
            return Err(ResamplingError::LengthMismatch { rows, other });
        }
    }
    check_weights(weights)?;
    let largest = weights.map_or(1.0, |weights| weights.iter().copied().fold(0.0, f64::max));
    // Centred, so that equal values give exactly their mean.
    let centre = values.first().copied().unwrap_or(0.0);
    let mean = |counts: &[u8]| {
        let (mut sum, mut mass) = (0.0, 0.0);
        for (row, (&count, &value)) in counts.iter().zip(values).enumerate() {
            let weight = f64::from(count) * weights.map_or(1.0, |weights| weights[row] / largest);
            sum += weight * (value - centre);
            mass += weight;
        }
        centre + sum / mass
    };
    Ok(Resampled {
        values: resampler.map(resamples, seed, mean),
        jackknife: resampler.map_jackknife(seed, mean),
    })
}

/// Refuses weights that are negative or not finite.
pub(crate) fn check_weights(weights: Option<&[f64]>) -> Result<(), ResamplingError> {
    let bad = |weight: &f64| !weight.is_finite() || *weight < 0.0;
    match weights.and_then(|weights| weights.iter().position(bad)) {
        None => Ok(()),
        Some(index) => Err(ResamplingError::BadWeight { index }),
    }
}
