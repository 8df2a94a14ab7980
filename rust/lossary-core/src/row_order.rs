//! The columns of each row of a matrix by falling score, for losses of lists.
//!
//! A score travels as one 64-bit word: 32 bits of its key, turned round, above its column. Words sort as integers, and
//! ties keep their order for free.

use crate::keys::{Key, Score};
use crate::ranking::RankingError;
use crate::threads;

/// Scores of the rows that make one job.
const JOB: usize = 1 << 14;

/// Writes the columns of each row by falling score; of equal scores the lower column goes first.
///
/// The same as a stable `order.sort_by(|&a, &b| row[b].partial_cmp(&row[a]))` on the columns of each row. Infinities
/// are ranked; negative zero ties with zero. O(n log n) time, 8 bytes a column beside the result.
///
/// # Errors
/// [`RankingError`]: scores that are no whole number of rows, or as many as the places of `order`; rows of 2^32 scores
/// or more; a NaN.
///
/// ```
/// let mut order = [0; 6];
/// lossary_core::row_order::falling_order(&[0.5, -1.0, 0.5, 1.0, 2.0, 3.0], 3, &mut order)?;
/// assert_eq!(order, [0, 2, 1, 2, 1, 0]);
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn falling_order<S: Score>(scores: &[S], columns: usize, order: &mut [i64]) -> Result<(), RankingError> {
    if scores.len() != order.len() {
        return Err(RankingError::LengthMismatch { scores: scores.len(), other: order.len() });
    }
    if scores.is_empty() {
        return Ok(());
    }
    if !scores.len().is_multiple_of(columns) {
        return Err(RankingError::LengthMismatch { scores: scores.len(), other: columns });
    }
    if u32::try_from(columns).is_err() {
        return Err(RankingError::TooMany { scores: columns });
    }
    let length = (JOB / columns).max(1) * columns;
    let jobs = scores.chunks(length).zip(order.chunks_mut(length)).enumerate().collect();
    let found = threads::map_with(
        jobs,
        threads::threads_for(scores.len()),
        Vec::new,
        |words: &mut Vec<u64>, (job, (scores, order))| {
            if let Some(index) = scores.iter().position(|score| score.partial_cmp(score).is_none()) {
                return Err(RankingError::BadScore { index: job * length + index });
            }
            for (row, order) in scores.chunks_exact(columns).zip(order.chunks_exact_mut(columns)) {
                sort_row(row, words);
                for (place, &word) in order.iter_mut().zip(&*words) {
                    *place = i64::from(word as u32);
                }
            }
            Ok(())
        },
    );
    found.into_iter().collect()
}

fn sort_row<S: Score>(row: &[S], words: &mut Vec<u64>) {
    let key = |score: S| score.key().bin(0);
    // The highest key, how far to shift the distance from it to fit in 32 bits, and whether digits are lost by that.
    let (mut highest, mut shift, mut exact) = (u64::from(u32::MAX), 0, true);
    if S::Key::BITS > 32 {
        let first = row.first().map_or(0, |&score| key(score));
        let mut lowest = first;
        let mut differing = 0;
        highest = first;
        for &score in row {
            let key = key(score);
            lowest = lowest.min(key);
            highest = highest.max(key);
            differing |= key ^ first;
        }
        shift = (highest - lowest).checked_ilog2().unwrap_or(0).saturating_sub(31);
        exact = shift <= differing.trailing_zeros();
    }
    words.clear();
    words.extend(row.iter().zip(0..).map(|(&score, column)| (highest - key(score)) >> shift << 32 | column));
    words.sort_unstable();
    if !exact {
        for alike in words.chunk_by_mut(|a, b| a >> 32 == b >> 32).filter(|alike| alike.len() > 1) {
            alike.sort_unstable_by_key(|&word| (highest - key(row[word as u32 as usize]), word));
        }
    }
}
