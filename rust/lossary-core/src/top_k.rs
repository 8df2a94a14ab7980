//! Whether the true class is among the highest scores of its row.

use crate::keys::Score;
use crate::ranking::RankingError;
use crate::rows::map_blocks;

/// For each row, whether fewer than `k` classes rank above the true one; of equal scores the later ranks higher.
///
/// `codes` holds the column of each row's true class; one beyond the row is never found. O(scores) time.
///
/// # Errors
/// [`RankingError`]: no scores, slices that do not fit the columns, or a score that is NaN or infinite.
///
/// ```
/// let hits = lossary_core::top_k::hits(&[0.5, 0.2, 0.2, 0.1, 0.3, 0.3], &[1, 2], 3, 2)?;
/// assert_eq!(hits, [false, true]);
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn hits<S: Score>(
    scores: &[S],
    codes: &[u32],
    columns: usize,
    k: usize,
) -> Result<Vec<bool>, RankingError> {
    if codes.len().checked_mul(columns) != Some(scores.len()) {
        return Err(RankingError::LengthMismatch { scores: scores.len(), other: codes.len() });
    }
    map_blocks(scores, columns, |first, scores| {
        let rows = scores.chunks_exact(columns).zip(&codes[first..]);
        rows.map(|(scores, &code)| rank(scores, code as usize).is_some_and(|rank| rank < k)).collect()
    })
}

/// How many scores rank above the one at `place`.
fn rank<S: Score>(scores: &[S], place: usize) -> Option<usize> {
    let (&score, before) = scores.get(..=place)?.split_last()?;
    let after = &scores[place + 1..];
    let higher = before.iter().filter(|&&other| other > score).count();
    Some(higher + after.iter().filter(|&&other| other >= score).count())
}
