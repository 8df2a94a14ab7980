//! What the ranking kernels share: their input, its checks, and the one pass that surveys the scores.

use crate::bins::Bins;
use crate::grid::{Grid, MOST_BINS};
use crate::keys::{Key, Score};
use crate::platform::{Work, prefer_large_pages, widest};
use crate::threads;
use std::fmt;
use std::ops::Range;

/// Why scores, labels and weights cannot be ranked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RankingError {
    /// There is nothing to rank.
    Empty,
    /// The slices have different lengths.
    LengthMismatch {
        /// Number of scores.
        scores: usize,
        /// Length of the other slice.
        other: usize,
    },
    /// A score is NaN (or infinite, where the caller wants finite scores).
    BadScore {
        /// Position of the first such score.
        index: usize,
    },
    /// A weight is NaN or infinite.
    BadWeight {
        /// Position of the first such weight.
        index: usize,
    },
    /// Every weight is zero.
    NoWeight,
    /// More scores than a 32-bit position can tell apart.
    TooMany {
        /// Number of scores.
        scores: usize,
    },
    /// A group's number is not below the number of groups.
    BadGroup {
        /// Position of the first such sample.
        index: usize,
    },
}

impl fmt::Display for RankingError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(out, "scores: got none; wanted at least one"),
            Self::LengthMismatch { scores, other } => {
                write!(out, "scores: got {scores}; wanted {other}, as labels or weights")
            }
            Self::BadScore { index } => {
                write!(out, "scores: got NaN or infinity at {index}; wanted finite numbers")
            }
            Self::BadWeight { index } => {
                write!(out, "weights: got NaN or infinity at {index}; wanted finite numbers")
            }
            Self::NoWeight => write!(out, "weights: got only zeros; wanted one that is not zero"),
            Self::TooMany { scores } => write!(out, "scores: got {scores}; wanted fewer than 2^32"),
            Self::BadGroup { index } => {
                write!(out, "groups: got a number at {index} that is too large; wanted it below their count")
            }
        }
    }
}

impl std::error::Error for RankingError {}

/// Checks that every score is finite, for callers that refuse infinities; the kernels rank them.
///
/// # Errors
/// [`RankingError::BadScore`] with the first position.
pub fn check_finite<S: Score>(scores: &[S]) -> Result<(), RankingError> {
    match scores.iter().position(|score| !score.is_finite()) {
        None => Ok(()),
        Some(index) => Err(RankingError::BadScore { index }),
    }
}

/// One labelled score on its way through a sort.
pub(crate) trait Entry: Copy + Default + Send + Sync {
    /// The packed key and label.
    type Key: Key;
    /// What a sample counts: 1, or its weight.
    type Mass: Mass;
    /// Memory that sorting needs, kept from bucket to bucket.
    type Scratch: Default;

    fn packed(self) -> Self::Key;
    fn mass(self) -> Self::Mass;

    /// Room for so many entries, on large pages where there are many.
    fn zeros(count: usize) -> Vec<Self>;

    /// Sorts a bucket: lower scores first, then negatives.
    fn sort(entries: &mut [Self], scratch: &mut Self::Scratch);
}

/// How many tie groups a sorted bucket has.
pub(crate) fn count_tie_groups<E: Entry>(sorted: &[E]) -> usize {
    let steps = sorted.windows(2).filter(|pair| pair[0].packed().tie_group() != pair[1].packed().tie_group());
    usize::from(!sorted.is_empty()) + steps.count()
}

/// A sum of counts or weights.
pub(crate) trait Mass: Copy + Default + Send + Sync {
    /// Whether sums do not depend on the order of what is added.
    const ORDER_FREE: bool;

    fn add(self, other: Self) -> Self;
    fn to_f64(self) -> f64;
}

impl Mass for u64 {
    const ORDER_FREE: bool = true;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self as f64
    }
}

impl<K: Key> Entry for K {
    type Key = K;
    type Mass = u64;
    type Scratch = Bins<K>;

    #[inline(always)]
    fn packed(self) -> K {
        self
    }

    #[inline(always)]
    fn mass(self) -> u64 {
        1
    }

    fn zeros(count: usize) -> Vec<K> {
        let mut zeros = vec![K::default(); count];
        prefer_large_pages(&mut zeros);
        zeros
    }

    fn sort(entries: &mut [K], bins: &mut Bins<K>) {
        bins.sort(entries);
    }
}

/// Labelled scores, with or without weights.
pub(crate) trait Samples: Sync {
    type Entry: Entry;

    /// How many there are, those of weight zero included.
    fn count(&self) -> usize;

    /// Key and entry of the samples in a range, in order.
    fn entries(
        &self,
        range: Range<usize>,
    ) -> impl Iterator<Item = (<Self::Entry as Entry>::Key, Self::Entry)>;
}

/// Samples that count 1 each. A label of 0 is negative, any other is positive.
#[derive(Clone, Copy)]
pub(crate) struct Counted<'a, S> {
    scores: &'a [S],
    labels: &'a [u8],
}

impl<'a, S: Score> Counted<'a, S> {
    pub(crate) fn new(scores: &'a [S], labels: &'a [u8]) -> Result<Self, RankingError> {
        check_lengths(scores, labels)?;
        Ok(Self { scores, labels })
    }

    /// Scores and labels in order.
    pub(crate) fn pairs(&self) -> impl DoubleEndedIterator<Item = (S, bool)> {
        self.scores.iter().zip(self.labels).map(|(&score, &label)| (score, label != 0))
    }
}

impl<S: Score> Samples for Counted<'_, S> {
    type Entry = S::Key;

    fn count(&self) -> usize {
        self.scores.len()
    }

    #[inline(always)]
    fn entries(&self, range: Range<usize>) -> impl Iterator<Item = (S::Key, S::Key)> {
        let labels = self.labels[range.clone()].iter();
        self.scores[range].iter().zip(labels).map(|(&score, &label)| {
            let key = score.key();
            (key, key.pack(label != 0))
        })
    }
}

pub(crate) fn check_lengths<S, T>(scores: &[S], other: &[T]) -> Result<(), RankingError> {
    if scores.len() != other.len() {
        return Err(RankingError::LengthMismatch { scores: scores.len(), other: other.len() });
    }
    if scores.is_empty() { Err(RankingError::Empty) } else { Ok(()) }
}

/// What one pass over the scores tells.
#[derive(Clone, Copy)]
pub(crate) struct Survey<S> {
    pub(crate) min: S,
    pub(crate) max: S,
    /// For floats: the highest negative number and the lowest positive one; where there is none, an infinity.
    pub(crate) around_zero: Option<(S, S)>,
    /// No score is below the one before it.
    pub(crate) rising: bool,
    /// No score is above the one before it.
    pub(crate) falling: bool,
}

impl<S: Score> Survey<S> {
    /// Bins for a histogram of the scores.
    pub(crate) fn grid(&self) -> Grid<S::Key> {
        self.grid_of(MOST_BINS)
    }

    /// So many bins at most, two or more.
    pub(crate) fn grid_of(&self, bins: u32) -> Grid<S::Key> {
        let around_zero = self.around_zero.map(|(below, above)| (below.key(), above.key()));
        Grid::with_bins(bins, self.min.key(), self.max.key(), around_zero)
    }

    fn merge(self, other: Self) -> Self {
        Self {
            min: lower(self.min, other.min),
            max: higher(self.max, other.max),
            around_zero: self
                .around_zero
                .zip(other.around_zero)
                .map(|((a, b), (c, d))| (higher(a, c), lower(b, d))),
            rising: self.rising && other.rising,
            falling: self.falling && other.falling,
        }
    }
}

#[inline(always)]
pub(crate) fn lower<S: Score>(a: S, b: S) -> S {
    if b < a { b } else { a }
}

#[inline(always)]
pub(crate) fn higher<S: Score>(a: S, b: S) -> S {
    if b > a { b } else { a }
}

/// Finds range and order of the scores, and refuses NaN.
pub(crate) fn survey<S: Score>(scores: &[S]) -> Result<Survey<S>, RankingError> {
    let threads = threads::threads_for(scores.len());
    let parts = threads::parts(scores.len(), threads);
    // Each part starts one score early, to see the step from its neighbour.
    let surveys = threads::map(parts, threads, |part| {
        widest(Look { scores: &scores[part.start.saturating_sub(1)..part.end] })
    });
    let mut merged: Option<Survey<S>> = None;
    for survey in surveys {
        let Some(part) = survey else {
            let index = scores.iter().position(|score| score.partial_cmp(score).is_none());
            return Err(RankingError::BadScore { index: index.unwrap_or(0) });
        };
        merged = Some(merged.map_or(part, |so_far| so_far.merge(part)));
    }
    merged.ok_or(RankingError::Empty)
}

/// Surveys neighbouring scores; None when one is NaN.
struct Look<'a, S> {
    scores: &'a [S],
}

/// Scores surveyed at once: so few that what is found of them stays in registers.
const WIDTH: usize = 16;

/// What is found of every `WIDTH`th score.
struct Lanes<S> {
    min: [S; WIDTH],
    max: [S; WIDTH],
    below: [S; WIDTH],
    above: [S; WIDTH],
    nans: [u32; WIDTH],
}

impl<S: Score> Lanes<S> {
    #[allow(clippy::needless_range_loop, reason = "loops that are compiled for wide registers")]
    #[inline(always)]
    fn add(&mut self, row: &[S; WIDTH], [lowest, zero, highest]: [S; 3]) {
        // A loop for each: the compiler makes something slow of one for all.
        for lane in 0..WIDTH {
            #[allow(clippy::eq_op, reason = "only NaN differs from itself; this form vectorises")]
            {
                self.nans[lane] |= u32::from(row[lane] != row[lane]);
            }
        }
        for lane in 0..WIDTH {
            self.min[lane] = lower(self.min[lane], row[lane]);
        }
        for lane in 0..WIDTH {
            self.max[lane] = higher(self.max[lane], row[lane]);
        }
        for lane in 0..WIDTH {
            let below = if row[lane] < zero { row[lane] } else { lowest };
            self.below[lane] = higher(self.below[lane], below);
        }
        for lane in 0..WIDTH {
            let above = if row[lane] > zero { row[lane] } else { highest };
            self.above[lane] = lower(self.above[lane], above);
        }
    }
}

/// Whether all neighbours are in an order; looks at blocks of them, side by side.
#[inline(always)]
fn in_order<S: Score>(scores: &[S], holds: impl Fn(&S, &S) -> bool) -> bool {
    const BLOCK: usize = 256;
    let next = scores.get(1..).unwrap_or_default();
    scores.chunks(BLOCK).zip(next.chunks(BLOCK)).all(|(scores, next)| {
        scores.iter().zip(next).fold(true, |so_far, (score, next)| so_far & holds(score, next))
    })
}

impl<S: Score> Work for Look<'_, S> {
    type Output = Option<Survey<S>>;

    #[inline(always)]
    fn run(self) -> Option<Survey<S>> {
        let &first = self.scores.first()?;
        let landmarks = S::FLOAT.unwrap_or([first; 3]);
        let [lowest, _, highest] = landmarks;
        let mut lanes = Lanes {
            min: [first; WIDTH],
            max: [first; WIDTH],
            below: [lowest; WIDTH],
            above: [highest; WIDTH],
            nans: [0; WIDTH],
        };
        let (rows, rest) = self.scores.as_chunks();
        for row in rows {
            lanes.add(row, landmarks);
        }
        lanes.add(&std::array::from_fn(|lane| rest.get(lane).copied().unwrap_or(first)), landmarks);
        (lanes.nans == [0; WIDTH]).then(|| Survey {
            min: lanes.min.into_iter().fold(first, lower),
            max: lanes.max.into_iter().fold(first, higher),
            around_zero: S::FLOAT.map(|_| {
                let below = lanes.below.into_iter().fold(lowest, higher);
                (below, lanes.above.into_iter().fold(highest, lower))
            }),
            rising: in_order(self.scores, |score, next| score <= next),
            falling: in_order(self.scores, |score, next| score >= next),
        })
    }
}
