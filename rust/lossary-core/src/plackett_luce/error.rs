//! Why rankings cannot be read or fitted.

use std::fmt;

/// Why lists are no rankings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankingsError {
    /// The offsets do not cover the entries in order.
    BadOffsets,
    /// More items than a fit can hold.
    TooManyItems {
        /// Their number.
        items: usize,
    },
    /// An entry is neither an item nor padding.
    OutOfRange {
        /// The list.
        row: usize,
        /// The entry.
        value: i64,
    },
    /// An item comes twice in a list.
    Repeated {
        /// The list.
        row: usize,
        /// The item.
        value: i64,
    },
    /// An item comes after padding.
    Gap {
        /// The list.
        row: usize,
    },
}

impl fmt::Display for RankingsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadOffsets => out.write_str("got offsets that do not cover the entries in order"),
            Self::TooManyItems { items } => write!(out, "got {items} items; wanted at most 2^26"),
            Self::OutOfRange { row, value } => {
                write!(
                    out,
                    "got {value} in row {row}; wanted items of the range, or -1 as padding at the end"
                )
            }
            Self::Repeated { row, value } => {
                write!(out, "got {value} twice in row {row}; wanted each item once")
            }
            Self::Gap { row } => write!(out, "got -1 before an item in row {row}; wanted -1 at the end only"),
        }
    }
}

impl std::error::Error for RankingsError {}

/// Why there is no fit.
#[derive(Debug, Clone, PartialEq)]
pub enum FitError {
    /// The rankings cannot be read.
    Rankings(RankingsError),
    /// There are no items.
    NoItems,
    /// There are more or fewer weights than rankings.
    LengthMismatch {
        /// Number of rankings.
        rankings: usize,
        /// Number of weights.
        weights: usize,
    },
    /// A weight is NaN, below 0 or beyond 1e30.
    BadWeight {
        /// The ranking.
        row: usize,
    },
    /// The strength of the prior is NaN, below 0 or beyond 1e30.
    BadAlpha {
        /// What came.
        alpha: f64,
    },
    /// The tolerance is NaN, infinite or below 0.
    BadTolerance {
        /// What came.
        tolerance: f64,
    },
    /// No ranking has two items and a weight, and there is no prior.
    NoRankings,
    /// Some items never lose, directly or along a chain, to some others, and there is no prior: the likelihood has
    /// no maximum.
    NotConnected {
        /// Of each item, the number of its strongly connected component.
        components: Vec<u32>,
    },
    /// So many items are compared with so many others that a system of equations for them is too large.
    TooDense {
        /// Number of items.
        items: usize,
    },
    /// The method with this prior maximises no likelihood, so there is no covariance.
    NoCovariance,
}

impl fmt::Display for FitError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rankings(error) => write!(out, "rankings: {error}"),
            Self::NoItems => out.write_str("items: got none; wanted at least one"),
            Self::LengthMismatch { rankings, weights } => {
                write!(out, "weights: got {weights}; wanted {rankings}, as rankings")
            }
            Self::BadWeight { row } => {
                write!(out, "weights: got a bad one at {row}; wanted numbers from 0 to 1e30")
            }
            Self::BadAlpha { alpha } => write!(out, "alpha: got {alpha}; wanted a number from 0 to 1e30"),
            Self::BadTolerance { tolerance } => {
                write!(out, "tol: got {tolerance}; wanted a finite number, 0 or above")
            }
            Self::NoRankings => {
                out.write_str("rankings: got none with two items and a weight; wanted some, or alpha above 0")
            }
            Self::NotConnected { components } => {
                let count = components.iter().max().map_or(0, |last| last + 1);
                write!(
                    out,
                    "rankings: got a comparison graph of {count} strongly connected components; wanted one, or \
                     alpha above 0"
                )
            }
            Self::TooDense { items } => {
                write!(out, "items: got {items}, too many for a system of equations; wanted fewer, or MM")
            }
            Self::NoCovariance => out.write_str(
                "covariance: got a method that maximises no likelihood; wanted Auto, Mm or Newton, or Ilsr without \
                 a prior",
            ),
        }
    }
}

impl std::error::Error for FitError {}

impl From<RankingsError> for FitError {
    fn from(error: RankingsError) -> Self {
        Self::Rankings(error)
    }
}
