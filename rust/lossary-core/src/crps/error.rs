//! Why there is no score.

use std::fmt;

/// Why ensembles have no scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CrpsError {
    /// No points or members, or no whole number of members for each point.
    LengthMismatch {
        /// Numbers of all ensembles.
        members: usize,
        /// Numbers of what happened.
        target: usize,
    },
    /// An ensemble has 2^32 members or more.
    TooMany {
        /// Its members.
        members: usize,
    },
    /// There are weights neither for the members of one point nor for all.
    WeightsMismatch {
        /// Number of weights.
        weights: usize,
        /// Number of members of all points.
        members: usize,
    },
    /// A weight that is not above 0, or not finite.
    BadWeight {
        /// The position of the first.
        index: usize,
    },
    /// An option out of range.
    BadOption {
        /// Its name.
        name: &'static str,
    },
}

impl fmt::Display for CrpsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthMismatch { members, target } => {
                write!(f, "{members} numbers are no whole ensembles for {target} of what happened")
            }
            Self::TooMany { members } => write!(f, "{members} members are more than fit in 32 bits"),
            Self::WeightsMismatch { weights, members } => {
                write!(f, "{weights} weights, beside {members} members of all points")
            }
            Self::BadWeight { index } => {
                write!(f, "the weight at position {index} is not above 0, or not finite")
            }
            Self::BadOption { name } => write!(f, "{name} is out of range"),
        }
    }
}

impl std::error::Error for CrpsError {}
