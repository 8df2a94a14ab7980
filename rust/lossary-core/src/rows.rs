//! Work that goes row by row over a matrix of scores.

use crate::keys::Score;
use crate::ranking::{RankingError, check_finite};
use crate::threads;

/// Scores of the rows that make one job.
const BLOCK: usize = 1 << 14;

/// Applies `work` to blocks of neighbouring rows, with the number of the first; it gives a result per row.
pub(crate) fn map_blocks<S: Score, R: Send>(
    scores: &[S],
    columns: usize,
    work: impl Fn(usize, &[S]) -> Vec<R> + Sync,
) -> Result<Vec<R>, RankingError> {
    if scores.is_empty() {
        return Err(RankingError::Empty);
    }
    if !scores.len().is_multiple_of(columns) {
        return Err(RankingError::LengthMismatch { scores: scores.len(), other: columns });
    }
    let rows = (BLOCK / columns).max(1);
    let jobs = scores.chunks(rows * columns).enumerate().collect();
    let results = threads::map(jobs, threads::threads_for(scores.len()), |(block, scores)| {
        let first = block * rows;
        match check_finite(scores) {
            Ok(()) => Ok(work(first, scores)),
            Err(RankingError::BadScore { index }) => {
                Err(RankingError::BadScore { index: first * columns + index })
            }
            Err(other) => Err(other),
        }
    });
    Ok(results.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}
