//! What tests of significance share: which deviations count, how probabilities are found, and when they cannot be.

use crate::special::normal_survival;
use std::fmt;

/// Which deviations from no association count against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alternative {
    /// In either direction.
    TwoSided,
    /// A negative association.
    Less,
    /// A positive association.
    Greater,
}

impl Alternative {
    /// The p-value of a statistic that is standard normal without association.
    pub(crate) fn of_normal(self, z: f64) -> f64 {
        match self {
            Self::TwoSided => 2.0 * normal_survival(z.abs()),
            Self::Less => normal_survival(-z),
            Self::Greater => normal_survival(z),
        }
    }
}

/// Where the distribution of a statistic without association comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Exact where samples are few and none tie, else asymptotic.
    Auto,
    /// The normal distribution.
    Asymptotic,
    /// Counting all orders; not defined with ties.
    Exact,
}

/// Why a test has no p-value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestError {
    /// The exact distribution is that of scores without ties.
    Ties,
    /// The exact distribution would take minutes, or all memory.
    TooLarge,
    /// The statistic says nothing: a constant score, a missing class, or too few samples.
    Undefined,
}

impl fmt::Display for TestError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ties => write!(out, "method: got exact with tied scores; wanted auto or asymptotic"),
            Self::TooLarge => {
                write!(out, "method: got exact with too many samples; wanted auto or asymptotic")
            }
            Self::Undefined => write!(out, "scores: got a constant or too few; wanted scores that differ"),
        }
    }
}

impl std::error::Error for TestError {}
