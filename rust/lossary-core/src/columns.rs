//! Ranking metrics of every column of a matrix of scores: one class against the others, or one label of several.
//!
//! Scores are read where they are. The columns of a matrix stored by rows are copied a block at a time, about
//! [`BLOCK`] scores per thread; those of a matrix stored by columns are not copied.

use crate::auc::{self, Auc, WeightedAuc};
use crate::curves;
use crate::keys::Score;
use crate::ranking::RankingError;
use crate::threads;
use std::borrow::Cow;
use std::ops::Range;

/// Scores copied at a time, so that a cache line of a matrix stored by rows serves several columns.
const BLOCK: usize = 1 << 20;

/// Rows whose cache lines wait for the next column of the block.
const TILE: usize = 1 << 8;

/// How a matrix lies in its slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Row by row.
    Rows,
    /// Column by column.
    Columns,
}

/// A matrix in a slice.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a, T> {
    values: &'a [T],
    columns: usize,
    layout: Layout,
}

impl<'a, T: Copy + Sync> Matrix<'a, T> {
    /// A matrix of so many columns.
    ///
    /// # Errors
    /// [`RankingError`]: no values, or a number that is no multiple of the columns.
    pub fn new(values: &'a [T], columns: usize, layout: Layout) -> Result<Self, RankingError> {
        if values.is_empty() {
            return Err(RankingError::Empty);
        }
        if !values.len().is_multiple_of(columns) {
            return Err(RankingError::LengthMismatch { scores: values.len(), other: columns });
        }
        Ok(Self { values, columns, layout })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// An error of one column, with positions in the matrix.
    pub(crate) fn locate(&self, column: usize, error: RankingError) -> RankingError {
        match (error, self.layout) {
            (RankingError::BadScore { index }, Layout::Rows) => {
                RankingError::BadScore { index: index * self.columns + column }
            }
            (RankingError::BadScore { index }, Layout::Columns) => {
                RankingError::BadScore { index: column * self.rows() + index }
            }
            (other, _) => other,
        }
    }

    /// Some neighbouring columns, one after the other.
    fn gather(&self, block: Range<usize>) -> Cow<'a, [T]> {
        let rows = self.rows();
        if self.layout == Layout::Columns {
            return Cow::Borrowed(&self.values[block.start * rows..block.end * rows]);
        }
        let mut gathered = vec![self.values[0]; block.len() * rows];
        for (tile, source) in self.values.chunks(TILE * self.columns).enumerate() {
            for (column, target) in block.clone().zip(gathered.chunks_exact_mut(rows)) {
                let target = target[tile * TILE..].iter_mut();
                for (target, row) in target.zip(source.chunks_exact(self.columns)) {
                    *target = row[column];
                }
            }
        }
        Cow::Owned(gathered)
    }

    /// Applies `work` to each column, on up to `threads` threads. With its number it gets the column's values.
    pub(crate) fn map_columns<R: Send>(
        &self,
        threads: usize,
        work: impl Fn(usize, &[T]) -> R + Sync,
    ) -> Vec<R> {
        let width = (BLOCK / self.rows()).clamp(1, self.columns.div_ceil(threads));
        let blocks = (0..self.columns).step_by(width);
        let jobs = blocks.map(|start| start..self.columns.min(start + width)).collect();
        let results = threads::map(jobs, threads, |block: Range<usize>| {
            let values = self.gather(block.clone());
            let columns = block.zip(values.chunks_exact(self.rows()));
            columns.map(|(column, values)| work(column, values)).collect::<Vec<_>>()
        });
        results.into_iter().flatten().collect()
    }
}

/// [`auc::roc_auc`] of each column. A label of 0 is negative, any other is positive.
///
/// # Errors
/// [`RankingError`]: the matrices have different shapes, or a score is NaN.
///
/// ```
/// use lossary_core::columns::{self, Layout, Matrix};
///
/// let scores = Matrix::new(&[0.1, 0.9, 0.8, 0.3], 2, Layout::Rows)?;
/// let labels = Matrix::new(&[0, 0, 1, 1], 2, Layout::Rows)?;
/// let areas = columns::roc_auc(scores, labels)?;
/// assert_eq!((areas[0].value(), areas[1].value()), (Some(1.0), Some(0.0)));
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn roc_auc<S: Score>(scores: Matrix<'_, S>, labels: Matrix<'_, u8>) -> Result<Vec<Auc>, RankingError> {
    each(scores, labels, auc::roc_auc)
}

/// [`auc::weighted_roc_auc`] of each column; a row has one weight.
///
/// # Errors
/// As [`roc_auc`], and for weights that are not finite or all zero.
pub fn weighted_roc_auc<S: Score>(
    scores: Matrix<'_, S>,
    labels: Matrix<'_, u8>,
    weights: &[f64],
) -> Result<Vec<WeightedAuc>, RankingError> {
    each(scores, labels, |scores, labels| auc::weighted_roc_auc(scores, labels, weights))
}

/// [`curves::average_precision`] of each column.
///
/// # Errors
/// As [`roc_auc`].
pub fn average_precision<S: Score>(
    scores: Matrix<'_, S>,
    labels: Matrix<'_, u8>,
) -> Result<Vec<Option<f64>>, RankingError> {
    each(scores, labels, curves::average_precision)
}

/// [`curves::weighted_average_precision`] of each column; a row has one weight.
///
/// # Errors
/// As [`weighted_roc_auc`].
pub fn weighted_average_precision<S: Score>(
    scores: Matrix<'_, S>,
    labels: Matrix<'_, u8>,
    weights: &[f64],
) -> Result<Vec<Option<f64>>, RankingError> {
    each(scores, labels, |scores, labels| curves::weighted_average_precision(scores, labels, weights))
}

fn each<S: Score, R: Send>(
    scores: Matrix<'_, S>,
    labels: Matrix<'_, u8>,
    metric: impl Fn(&[S], &[u8]) -> Result<R, RankingError> + Sync,
) -> Result<Vec<R>, RankingError> {
    if labels.columns != scores.columns || labels.values.len() != scores.values.len() {
        return Err(RankingError::LengthMismatch { scores: scores.values.len(), other: labels.values.len() });
    }
    // Threads work either across the columns or inside one, never both.
    let inside = threads::threads_for(scores.rows()) > 1;
    let threads = if inside { 1 } else { threads::threads_for(scores.values.len()) };
    let results = scores.map_columns(threads, |column, values| {
        metric(values, &labels.gather(column..column + 1)).map_err(|error| scores.locate(column, error))
    });
    results.into_iter().collect()
}
