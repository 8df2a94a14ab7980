//! Areas under the ROC curves of every pair of classes, as Hand and Till compare several classes.
//!
//! Source: Hand and Till, A simple generalisation of the area under the ROC curve for multiple class
//! classification problems, Machine Learning 45, 2001.

use crate::auc::Auc;
use crate::columns::Matrix;
use crate::keys::Score;
use crate::ranking::RankingError;
use crate::threads;

/// For classes `a` and `b`, at `a * classes + b`: how the samples of `a` are ranked above those of `b` by the
/// scores of `a`, column `a`. Other samples are left out; a class above itself has no counts.
///
/// The same as [`crate::auc::roc_auc`] of two classes at a time. Each class is sorted once per column and merged
/// with every other: O(samples (classes + log samples)) a column, which is copied, one per thread at a time.
///
/// # Errors
/// [`RankingError`]: a number of codes other than of rows, a code that is no column, or a score that is NaN.
///
/// ```
/// use lossary_core::columns::{Layout, Matrix};
///
/// let scores = Matrix::new(&[0.9, 0.1, 0.8, 0.2, 0.3, 0.7], 2, Layout::Rows)?;
/// let areas = lossary_core::one_vs_one::roc_auc(scores, &[0, 1, 1])?;
/// assert_eq!((areas[1].value(), areas[2].value()), (Some(1.0), Some(1.0)));
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn roc_auc<S: Score>(scores: Matrix<'_, S>, codes: &[u32]) -> Result<Vec<Auc>, RankingError> {
    let classes = scores.columns();
    if codes.len() != scores.rows() {
        return Err(RankingError::LengthMismatch { scores: scores.rows(), other: codes.len() });
    }
    let mut counts = vec![0_usize; classes];
    for &code in codes {
        let count = counts.get_mut(code as usize);
        *count.ok_or(RankingError::LengthMismatch { scores: classes, other: code as usize })? += 1;
    }
    // Where the samples of each class go.
    let mut starts: Vec<usize> = counts
        .iter()
        .scan(0, |end, &count| {
            *end += count;
            Some(*end - count)
        })
        .collect();
    let places: Vec<usize> = codes
        .iter()
        .map(|&code| {
            let place = starts[code as usize];
            starts[code as usize] += 1;
            place
        })
        .collect();
    let threads = threads::threads_for(codes.len().saturating_mul(classes));
    let areas = scores.map_columns(threads, |class, column| {
        if let Some(index) = column.iter().position(|score| score.partial_cmp(score).is_none()) {
            return Err(scores.locate(class, RankingError::BadScore { index }));
        }
        let mut keys = vec![S::Key::default(); column.len()];
        for (&place, score) in places.iter().zip(column) {
            keys[place] = score.key();
        }
        let mut rest = keys.as_mut_slice();
        let mut sorted = Vec::with_capacity(classes);
        for &count in &counts {
            let (own, after) = rest.split_at_mut(count);
            own.sort_unstable();
            sorted.push(&*own);
            rest = after;
        }
        let above =
            |other: usize| if other == class { Auc::default() } else { count(sorted[class], sorted[other]) };
        Ok((0..classes).map(above).collect::<Vec<_>>())
    });
    Ok(areas.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Wins and ties of sorted positives over sorted negatives.
fn count<K: Ord>(positives: &[K], negatives: &[K]) -> Auc {
    let (mut twice_wins, mut below, mut through) = (0_u128, 0, 0);
    for positive in positives {
        while below < negatives.len() && negatives[below] < *positive {
            below += 1;
        }
        through = through.max(below);
        while through < negatives.len() && negatives[through] <= *positive {
            through += 1;
        }
        twice_wins += (below + through) as u128;
    }
    Auc { twice_wins, positives: positives.len() as u64, negatives: negatives.len() as u64 }
}
