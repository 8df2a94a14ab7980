//! How each row of scores ranks its relevant labels above the others; ties count against the ranking.
//!
//! Every function gives one value per row, in O(columns log relevant) time a row and a few rows of memory.
//! Source: Tsoumakas, Katakis and Vlahavas, Mining multi-label data, Data Mining and Knowledge Discovery
//! Handbook, 2010.

use crate::keys::Score;
use crate::ranking::RankingError;
use crate::rows::map_blocks;

/// How far down the ranking the last relevant label is: the number of labels that score at least as high as the
/// lowest relevant one; 0 without relevant labels. A label of 0 is irrelevant, any other is relevant.
///
/// # Errors
/// [`RankingError`]: no scores, slices that do not fit the columns, or a score that is NaN or infinite.
///
/// ```
/// let depths = lossary_core::label_ranking::coverage(&[0.9, 0.1, 0.5], &[1, 0, 1], 3)?;
/// assert_eq!(depths, [2.0]);
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn coverage<S: Score>(scores: &[S], labels: &[u8], columns: usize) -> Result<Vec<f64>, RankingError> {
    each_row(scores, labels, columns, |_, scores, labels| {
        let relevant = scores.iter().zip(labels).filter(|&(_, &label)| label != 0);
        let lowest = relevant.map(|(&score, _)| score).reduce(|a, b| if b < a { b } else { a });
        lowest.map_or(0.0, |lowest| scores.iter().filter(|&&score| score >= lowest).count() as f64)
    })
}

/// Mean over the relevant labels of the share of relevant ones among all that score at least as high; 1 where no
/// label is relevant, or every one.
///
/// # Errors
/// As [`coverage`].
///
/// ```
/// let precisions = lossary_core::label_ranking::average_precision(&[0.9, 0.5, 0.1], &[1, 0, 1], 3)?;
/// assert_eq!(precisions, [(1.0 + 2.0 / 3.0) / 2.0]);
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn average_precision<S: Score>(
    scores: &[S],
    labels: &[u8],
    columns: usize,
) -> Result<Vec<f64>, RankingError> {
    each_row(scores, labels, columns, |row, scores, labels| {
        row.place(scores, labels);
        let count = row.relevant.len();
        if count == 0 || count == columns {
            return 1.0;
        }
        let (mut sum, mut others, mut tied) = (0.0, 0, 0);
        for place in (0..count).rev() {
            others += row.above[place + 1];
            tied += 1;
            if place == 0 || row.relevant[place - 1] != row.relevant[place] {
                let relevant = count - place;
                sum += f64::from(tied) * (relevant as f64 / (relevant + others) as f64);
                tied = 0;
            }
        }
        sum / count as f64
    })
}

/// Share of the pairs of a relevant and another label in which the other one scores at least as high; 0 where
/// there is no such pair.
///
/// # Errors
/// As [`coverage`].
///
/// ```
/// let losses = lossary_core::label_ranking::loss(&[0.9, 0.5, 0.1], &[1, 0, 1], 3)?;
/// assert_eq!(losses, [0.5]); // the last relevant label is below the other one
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn loss<S: Score>(scores: &[S], labels: &[u8], columns: usize) -> Result<Vec<f64>, RankingError> {
    each_row(scores, labels, columns, |row, scores, labels| {
        row.place(scores, labels);
        let relevant = row.relevant.len() as u64;
        let pairs = relevant * (columns as u64 - relevant);
        let wrong: u64 = (0..).zip(&row.above).map(|(below, &others)| below * others as u64).sum();
        if pairs == 0 { 0.0 } else { wrong as f64 / pairs as f64 }
    })
}

/// The ranking of one row; its memory serves the next.
#[derive(Default)]
struct Row<K> {
    /// Keys of the relevant labels, ascending.
    relevant: Vec<K>,
    /// How many of the other labels score at least as high as exactly so many relevant ones.
    above: Vec<usize>,
}

impl<K: Copy + Ord> Row<K> {
    fn place<S: Score<Key = K>>(&mut self, scores: &[S], labels: &[u8]) {
        let relevant = scores.iter().zip(labels).filter(|&(_, &label)| label != 0);
        self.relevant.clear();
        self.relevant.extend(relevant.map(|(score, _)| score.key()));
        self.relevant.sort_unstable();
        self.above.clear();
        self.above.resize(self.relevant.len() + 1, 0);
        for (score, _) in scores.iter().zip(labels).filter(|&(_, &label)| label == 0) {
            let key = score.key();
            self.above[self.relevant.partition_point(|&relevant| relevant <= key)] += 1;
        }
    }
}

fn each_row<S: Score>(
    scores: &[S],
    labels: &[u8],
    columns: usize,
    metric: impl Fn(&mut Row<S::Key>, &[S], &[u8]) -> f64 + Sync,
) -> Result<Vec<f64>, RankingError> {
    if labels.len() != scores.len() {
        return Err(RankingError::LengthMismatch { scores: scores.len(), other: labels.len() });
    }
    map_blocks(scores, columns, |first, scores| {
        let mut row = Row::default();
        let rows = scores.chunks_exact(columns).zip(labels[first * columns..].chunks_exact(columns));
        rows.map(|(scores, labels)| metric(&mut row, scores, labels)).collect()
    })
}
