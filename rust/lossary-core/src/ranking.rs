//! What the ranking kernels share: their input, its checks, and the one pass that surveys the scores.

use crate::keys::{Key, Score};
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

/// One labelled score on its way through a sort; `Ord` puts lower scores first, then negatives.
pub(crate) trait Entry: Copy + Ord + Default + Send + Sync {
    /// The packed key and label.
    type Key: Key;
    /// What a sample counts: 1, or its weight.
    type Mass: Mass;

    fn packed(self) -> Self::Key;
    fn mass(self) -> Self::Mass;
}

/// A sum of counts or weights.
pub(crate) trait Mass: Copy + Default + Send + Sync {
    fn add(self, other: Self) -> Self;
    fn to_f64(self) -> f64;
}

impl Mass for u64 {
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

    #[inline(always)]
    fn packed(self) -> K {
        self
    }

    #[inline(always)]
    fn mass(self) -> u64 {
        1
    }
}

/// Labelled scores, with or without weights.
pub(crate) trait Samples: Sync {
    type Score: Score;
    type Entry: Entry<Key = <Self::Score as Score>::Key>;

    fn scores(&self) -> &[Self::Score];

    /// Key and entry of the samples in a range, in order.
    fn entries(
        &self,
        range: Range<usize>,
    ) -> impl Iterator<Item = (<Self::Score as Score>::Key, Self::Entry)>;
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
    type Score = S;
    type Entry = S::Key;

    fn scores(&self) -> &[S] {
        self.scores
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
    /// No score is below the one before it.
    pub(crate) rising: bool,
    /// No score is above the one before it.
    pub(crate) falling: bool,
}

/// Finds range and order of the scores, and refuses NaN.
pub(crate) fn survey<S: Score>(scores: &[S]) -> Result<Survey<S>, RankingError> {
    let threads = threads::threads_for(scores.len());
    let parts = threads::parts(scores.len(), threads);
    // Each part starts one score early, to see the step from its neighbour.
    let surveys =
        threads::map(parts, threads, |part| survey_part(&scores[part.start.saturating_sub(1)..part.end]));
    let mut merged = None;
    for survey in surveys {
        let Some(part) = survey else {
            let index = scores.iter().position(|score| score.partial_cmp(score).is_none());
            return Err(RankingError::BadScore { index: index.unwrap_or(0) });
        };
        let so_far = merged.unwrap_or(part);
        merged = Some(Survey {
            min: if part.min < so_far.min { part.min } else { so_far.min },
            max: if part.max > so_far.max { part.max } else { so_far.max },
            rising: part.rising && so_far.rising,
            falling: part.falling && so_far.falling,
        });
    }
    merged.ok_or(RankingError::Empty)
}

/// None when a score is NaN.
fn survey_part<S: Score>(scores: &[S]) -> Option<Survey<S>> {
    let &first = scores.first()?;
    let (mut min, mut max, mut nan) = (first, first, false);
    for &score in scores {
        min = if score < min { score } else { min };
        max = if score > max { score } else { max };
        #[allow(clippy::eq_op, reason = "only NaN differs from itself; this form vectorises")]
        {
            nan |= score != score;
        }
    }
    let mut steps = scores.windows(2);
    let rising = steps.all(|pair| pair[0] <= pair[1]);
    let falling = scores.windows(2).all(|pair| pair[0] >= pair[1]);
    (!nan).then_some(Survey { min, max, rising, falling })
}
