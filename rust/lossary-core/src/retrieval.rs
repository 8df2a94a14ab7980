//! How well rankings put what is relevant first: precision, recall, MAP, reciprocal rank and NDCG of queries.
//!
//! Every value follows from the ranks of a query's relevant items. A query whose measures look at the first
//! ranks only is not sorted: a bound on the last of these scores, from the maxima of interleaved slices, leaves
//! few candidates. A long list with few relevant items is not sorted either: its items are counted between
//! them.

mod candidates;
mod grades;
mod measures;
mod order;
mod ranks;

pub use grades::{Grade, Graded, Relevance, SameLabel};
pub use measures::{Gain, Measure};
pub use order::{RowScore, Ties};

use crate::threads;
use measures::Discounts;
use ranks::Ranker;
use std::fmt;
use std::ops::Range;

/// Scores per block of queries: the unit of work of a thread.
const BLOCK: usize = 1 << 14;

/// The longest list of a query: positions share 32 bits with the order of ties.
const LONGEST: usize = 1 << 30;

/// Why queries cannot be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetrievalError {
    /// There is no query, or there are no items.
    Empty,
    /// The slices have different lengths.
    LengthMismatch {
        /// Number of scores.
        scores: usize,
        /// Length of the other slice.
        other: usize,
    },
    /// The lists of the queries do not cover the scores in order, or one is longer than 2^30.
    BadLists,
    /// A score is NaN.
    BadScore {
        /// Position of the first such score.
        index: usize,
    },
    /// A grade is NaN or infinite.
    BadGrade {
        /// Position of the first such grade.
        index: usize,
    },
    /// A grade is negative, where only a bare DCG may be asked for.
    NegativeGrade {
        /// Position of the first such grade.
        index: usize,
    },
    /// A grade whose exponential gain is beyond the largest number.
    HugeGrade {
        /// Position of the first such grade.
        index: usize,
    },
    /// A sum of gains is infinite.
    Overflow {
        /// The query.
        query: usize,
    },
    /// A measure looks at no rank.
    NoRank,
    /// A measure has no closed form of its mean over the orders of ties.
    NoExpectation,
}

impl fmt::Display for RetrievalError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(out, "scores: got none; wanted at least one"),
            Self::LengthMismatch { scores, other } => {
                write!(out, "scores: got {scores}; wanted {other}, as the relevance")
            }
            Self::BadLists => {
                write!(out, "lists: got bounds that do not rise from 0 to the number of scores")
            }
            Self::BadScore { index } => write!(out, "scores: got NaN at {index}; wanted numbers"),
            Self::BadGrade { index } => write!(out, "grades: got NaN or infinity at {index}; wanted numbers"),
            Self::NegativeGrade { index } => {
                write!(out, "grades: got a negative one at {index}; wanted 0 or above")
            }
            Self::HugeGrade { index } => {
                write!(out, "grades: got one at {index} whose power of two overflows; wanted at most 900")
            }
            Self::Overflow { query } => {
                write!(out, "grades: got gains of query {query} whose sum overflows; wanted smaller ones")
            }
            Self::NoRank => write!(out, "measures: got a cut of 0; wanted at least 1"),
            Self::NoExpectation => write!(out, "ties: got expected for a measure without a closed form"),
        }
    }
}

impl std::error::Error for RetrievalError {}

/// Where the lists of the queries lie in the flat arrays.
#[derive(Debug, Clone, Copy)]
pub enum Lists<'a> {
    /// The rows of a matrix of so many columns.
    Matrix(usize),
    /// Query `q` has the items from `bounds[q]` up to `bounds[q + 1]`.
    Ragged(&'a [usize]),
}

impl Lists<'_> {
    /// Checks that the lists cover `items` items, and returns the number of queries.
    fn check(&self, items: usize) -> Result<usize, RetrievalError> {
        if items == 0 {
            return Err(RetrievalError::Empty);
        }
        match *self {
            Self::Matrix(width) if width != 0 && items.is_multiple_of(width) && width <= LONGEST => {
                Ok(items / width)
            }
            Self::Ragged([first, rest @ ..]) => {
                let mut start = *first;
                let rising = rest.iter().all(|&end| {
                    let fits = end >= start && end - start <= LONGEST;
                    start = end;
                    fits
                });
                if *first == 0 && start == items && rising {
                    Ok(rest.len())
                } else {
                    Err(RetrievalError::BadLists)
                }
            }
            _ => Err(RetrievalError::BadLists),
        }
    }

    fn list(&self, query: usize) -> Range<usize> {
        match *self {
            Self::Matrix(width) => query * width..(query + 1) * width,
            Self::Ragged(bounds) => bounds[query]..bounds[query + 1],
        }
    }

    fn longest(&self) -> usize {
        match *self {
            Self::Matrix(width) => width,
            Self::Ragged(bounds) => bounds.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0),
        }
    }
}

/// One query: its number, and where its items lie in the flat arrays.
#[derive(Debug, Clone)]
pub struct Query {
    number: usize,
    items: Range<usize>,
}

/// The measures of every query.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Query by query, in the order of the measures; 0 where a query has nothing relevant.
    pub values: Vec<f64>,
    /// How many relevant items each query has.
    pub relevant: Vec<u64>,
}

/// Evaluates the rankings of all queries by several measures in one pass.
///
/// O(n) for measures that look at few ranks or lists with few relevant items, else O(n log n) in the length of
/// a list; O(length) memory per thread. The same bits for any number of threads.
///
/// # Errors
/// [`RetrievalError`]: lists that do not fit, NaN, grades that a measure cannot take, a cut of 0, or a measure
/// whose mean over tie orders has no closed form.
///
/// ```
/// use lossary_core::retrieval::{Graded, Lists, Measure, Ties, evaluate};
/// let (scores, grades) = ([0.9_f32, 0.8, 0.7, 0.1, 0.2, 0.3], [0_u8, 1, 1, 1, 0, 0]);
/// let measures = [Measure::Precision { cut: 2 }, Measure::ReciprocalRank { cut: usize::MAX }];
/// let found = evaluate(&scores, Lists::Matrix(3), &Graded(&grades), &measures, Ties::Index)?;
/// assert_eq!(found.values, [0.5, 0.5, 0.0, 1.0 / 3.0]);
/// # Ok::<(), lossary_core::retrieval::RetrievalError>(())
/// ```
pub fn evaluate<S: RowScore>(
    scores: &[S],
    lists: Lists<'_>,
    relevance: &dyn Relevance,
    measures: &[Measure],
    ties: Ties,
) -> Result<Evaluation, RetrievalError> {
    let queries = lists.check(scores.len())?;
    relevance.check(scores.len(), queries, lists.longest())?;
    measures.iter().try_for_each(|measure| measure.check(ties))?;
    let discounts = Discounts::new(measures, lists.longest());
    let per_block = (queries.saturating_mul(BLOCK) / scores.len()).max(1);
    let blocks = (0..queries).step_by(per_block).map(|start| start..queries.min(start + per_block)).collect();
    let blocks = threads::map(blocks, threads::threads_for(scores.len()), |block: Range<usize>| {
        let mut ranker = Ranker::new(relevance, ties);
        let mut found = Evaluation { values: Vec::new(), relevant: Vec::new() };
        for number in block {
            let query = Query { number, items: lists.list(number) };
            let listed = ranker.rank(&scores[query.items.clone()], &query, measures)?;
            for measure in measures {
                let value = measure.value(&listed, &discounts);
                if !value.is_finite() {
                    return Err(RetrievalError::Overflow { query: number });
                }
                found.values.push(value);
            }
            found.relevant.push(listed.relevant as u64);
        }
        Ok(found)
    });
    let mut whole = Evaluation { values: Vec::new(), relevant: Vec::new() };
    for block in blocks {
        let block = block?;
        whole.values.extend(block.values);
        whole.relevant.extend(block.relevant);
    }
    Ok(whole)
}
