//! What is relevant, and how much: graded items, or items that share the query's label.

use super::{Query, RetrievalError};

/// Whole grades below this are counted instead of sorted.
pub(super) const LEVELS: usize = 32;

/// How many items have each whole grade 0, 1, ..., 31; the last count is that of all other grades.
pub type Levels = [u32; LEVELS + 1];

/// What one pass over the grades of a query tells.
#[derive(Debug, Clone, Copy, Default)]
pub struct Survey {
    /// Items with a grade above 0.
    pub(super) relevant: usize,
    /// Items with a grade other than 0.
    pub(super) graded: usize,
    /// All grades are finite and at least 0.
    pub(super) proper: bool,
}

/// The relevance of the items of queries.
pub trait Relevance: Sync {
    /// Checks that there is a grade for each of `scores` items in `queries` lists, of at most `longest` items.
    ///
    /// # Errors
    /// [`RetrievalError::LengthMismatch`].
    fn check(&self, scores: usize, queries: usize, longest: usize) -> Result<(), RetrievalError>;

    /// Checks that every grade of a query is finite and in `lowest..=highest`.
    ///
    /// # Errors
    /// [`RetrievalError`] with the position of the first grade that is not.
    fn inspect(&self, query: &Query, lowest: f64, highest: f64) -> Result<(), RetrievalError>;

    /// The item that is left out of the list of a query.
    fn left_out(&self, query: &Query) -> Option<usize>;

    /// Counts the grades of a query.
    fn survey(&self, query: &Query) -> Survey;

    /// Counts the items of a query by grade; those of grade 0 may be left out.
    fn count(&self, query: &Query) -> Levels;

    /// The grade of an item of a query.
    fn grade(&self, query: &Query, item: usize) -> f64;

    /// Appends the positions of the items whose grade is not 0, rising.
    fn list(&self, query: &Query, found: &mut Vec<u32>);
}

/// A number that can grade relevance: 0 is irrelevant.
pub trait Grade: Copy + PartialOrd + Default + Sync {
    /// The number, rounded where it is an integer beyond 2^53.
    fn to_f64(self) -> f64;

    /// The number itself where it is whole and in `0..32`, else 32.
    fn level(self) -> usize;

    /// Finite and at least 0.
    fn is_proper(self) -> bool;
}

macro_rules! impl_grade {
    ($($integer:ty),*; $($float:ty),*) => {
        $(impl Grade for $integer {
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }

            #[inline(always)]
            fn level(self) -> usize {
                // Negative ones wrap to huge ones.
                (self as u64).min(LEVELS as u64) as usize
            }

            #[inline(always)]
            #[allow(unused_comparisons, reason = "the same lines for signed and unsigned integers")]
            fn is_proper(self) -> bool {
                self >= 0
            }
        })*
        $(impl Grade for $float {
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn level(self) -> usize {
                let whole = self as i32;
                if whole as $float == self { (whole as u32).min(LEVELS as u32) as usize } else { LEVELS }
            }

            #[inline(always)]
            fn is_proper(self) -> bool {
                (0.0..<$float>::INFINITY).contains(&self)
            }
        })*
    };
}

impl_grade!(i8, i16, i32, i64, u8, u16, u32, u64; f32, f64);

/// A grade for every score, in the same order.
#[derive(Debug, Clone, Copy)]
pub struct Graded<'a, G>(pub &'a [G]);

impl<G: Grade> Relevance for Graded<'_, G> {
    fn check(&self, scores: usize, _: usize, _: usize) -> Result<(), RetrievalError> {
        if self.0.len() != scores {
            return Err(RetrievalError::LengthMismatch { scores, other: self.0.len() });
        }
        Ok(())
    }

    fn inspect(&self, query: &Query, lowest: f64, highest: f64) -> Result<(), RetrievalError> {
        for (index, grade) in query.items.clone().zip(&self.0[query.items.clone()]) {
            let grade = grade.to_f64();
            if !grade.is_finite() {
                return Err(RetrievalError::BadGrade { index });
            } else if grade < lowest {
                return Err(RetrievalError::NegativeGrade { index });
            } else if grade > highest {
                return Err(RetrievalError::HugeGrade { index });
            }
        }
        Ok(())
    }

    fn left_out(&self, _: &Query) -> Option<usize> {
        None
    }

    fn survey(&self, query: &Query) -> Survey {
        let (mut relevant, mut graded, mut proper) = (0, 0, true);
        for &grade in &self.0[query.items.clone()] {
            relevant += usize::from(grade > G::default());
            graded += usize::from(grade != G::default());
            proper &= grade.is_proper();
        }
        Survey { relevant, graded, proper }
    }

    fn count(&self, query: &Query) -> Levels {
        // Two tables take turns: the same count twice in a row would wait for its own store.
        let (mut counts, mut others) = ([0; LEVELS + 1], [0; LEVELS + 1]);
        let mut pairs = self.0[query.items.clone()].chunks_exact(2);
        for pair in &mut pairs {
            counts[pair[0].level()] += 1;
            others[pair[1].level()] += 1;
        }
        pairs.remainder().iter().for_each(|grade| counts[grade.level()] += 1);
        counts.iter_mut().zip(others).for_each(|(count, other)| *count += other);
        counts
    }

    fn grade(&self, query: &Query, item: usize) -> f64 {
        self.0[query.items.start + item].to_f64()
    }

    fn list(&self, query: &Query, found: &mut Vec<u32>) {
        let grades = self.0[query.items.clone()].iter().enumerate();
        found.extend(grades.filter(|&(_, &grade)| grade != G::default()).map(|(item, _)| item as u32));
    }
}

/// Items of the query's label are relevant, with grade 1. Lists are the rows of a matrix.
#[derive(Debug, Clone, Copy)]
pub struct SameLabel<'a> {
    /// The label of each query.
    pub queries: &'a [u32],
    /// The label of each item: of each column.
    pub items: &'a [u32],
    /// The item that is the first query; the next is the second, and so on. It is left out of its own list.
    /// None when the queries are not among the items.
    pub first: Option<usize>,
}

impl SameLabel<'_> {
    fn is_relevant(&self, query: &Query, item: usize) -> bool {
        self.items[item] == self.queries[query.number] && self.left_out(query) != Some(item)
    }
}

impl Relevance for SameLabel<'_> {
    fn check(&self, scores: usize, queries: usize, longest: usize) -> Result<(), RetrievalError> {
        let among = self.first.is_none_or(|first| first.saturating_add(queries) <= self.items.len());
        if queries == self.queries.len() && longest == self.items.len() && among {
            Ok(())
        } else {
            Err(RetrievalError::LengthMismatch {
                scores,
                other: self.items.len().saturating_mul(self.queries.len()),
            })
        }
    }

    fn inspect(&self, _: &Query, _: f64, _: f64) -> Result<(), RetrievalError> {
        Ok(())
    }

    fn left_out(&self, query: &Query) -> Option<usize> {
        self.first.map(|first| first + query.number)
    }

    fn survey(&self, query: &Query) -> Survey {
        let label = self.queries[query.number];
        let same = self.items.iter().filter(|&&item| item == label).count();
        let itself = self.left_out(query).is_some_and(|item| self.items[item] == label);
        let relevant = same - usize::from(itself);
        Survey { relevant, graded: relevant, proper: true }
    }

    fn count(&self, query: &Query) -> Levels {
        let mut counts = [0; LEVELS + 1];
        counts[1] = self.survey(query).relevant as u32;
        counts
    }

    fn grade(&self, query: &Query, item: usize) -> f64 {
        f64::from(u8::from(self.is_relevant(query, item)))
    }

    fn list(&self, query: &Query, found: &mut Vec<u32>) {
        let (label, left_out) = (self.queries[query.number], self.left_out(query));
        let same = self.items.iter().zip(0..).filter(|&(&item, _)| item == label).map(|(_, item)| item);
        found.extend(same.filter(|&item: &u32| left_out != Some(item as usize)));
    }
}
