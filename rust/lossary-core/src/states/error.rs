//! Why a state refuses a batch, or another state.

use crate::confusion::ConfusionError;
use crate::ranking::RankingError;
use std::fmt;

/// Why a state refuses a batch, or another state. It is unchanged then.
#[derive(Debug, Clone, PartialEq)]
pub enum StateError {
    /// Scores, labels and weights do not fit together, or one is not finite.
    Ranking(RankingError),
    /// True and predicted classes do not fit together.
    Confusion(ConfusionError),
    /// Some labels are strings and some numbers.
    MixedLabels,
    /// A score is an integer that no double holds.
    InexactScore {
        /// Position of the first such score.
        index: usize,
    },
    /// A weight is negative.
    NegativeWeight {
        /// Position of the first such weight.
        index: usize,
    },
    /// The weights need more than 126 bits from the lowest of any to the highest of their sum.
    WeightSpan,
    /// More than 2^63 - 1 samples.
    TooManySamples,
    /// The tag is longer than 65,535 bytes.
    LongTag {
        /// Its length.
        bytes: usize,
    },
    /// The range or the number of bins cannot be used.
    BadBins {
        /// Lower end of the range.
        low: f64,
        /// Upper end of the range.
        high: f64,
        /// Number of bins.
        bins: usize,
    },
    /// The states were made with different options; both are described.
    OtherOptions {
        /// The options of this state.
        own: String,
        /// The options of the other.
        other: String,
    },
}

/// How errors name what the labels of a state mean.
pub(crate) fn describe_tag(tag: &str) -> String {
    if tag.is_empty() { "no positive label".to_owned() } else { format!("positive label {tag}") }
}

impl fmt::Display for StateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ranking(error) => error.fmt(out),
            Self::Confusion(error) => error.fmt(out),
            Self::MixedLabels => write!(out, "labels: got strings and numbers; wanted one kind"),
            Self::InexactScore { index } => {
                write!(out, "scores: got an integer beyond 2^53 at {index}; wanted one that a double holds")
            }
            Self::NegativeWeight { index } => {
                write!(out, "weights: got a negative number at {index}; wanted at least 0")
            }
            Self::WeightSpan => {
                write!(out, "weights: got numbers that span more than 126 bits; wanted a smaller range")
            }
            Self::TooManySamples => write!(out, "samples: got 2^63 or more; wanted fewer"),
            Self::LongTag { bytes } => write!(out, "tag: got {bytes} bytes; wanted at most 65535"),
            Self::BadBins { low, high, bins } => {
                write!(out, "bins: got {bins} over {low}..{high}; wanted 2 to 2^24 over a finite range")
            }
            Self::OtherOptions { own, other } => write!(out, "other: got a state with {other}; wanted {own}"),
        }
    }
}

impl std::error::Error for StateError {}

impl From<RankingError> for StateError {
    fn from(error: RankingError) -> Self {
        Self::Ranking(error)
    }
}

impl From<ConfusionError> for StateError {
    fn from(error: ConfusionError) -> Self {
        Self::Confusion(error)
    }
}
