//! The order of scores, and their mid-ranks as exact integers.
//!
//! Each key travels with the position of its score through the same partition and bucket sort as the other
//! ranking kernels: O(n log n) time at worst, and 8 or 16 bytes of memory a score beside the result.

use crate::bucket_sort::sort_bucket;
use crate::keys::{Key, Score};
use crate::partition::partition;
use crate::ranking::{Entry, RankingError, Samples, Survey, survey};
use crate::threads;
use std::ops::Range;

/// A key and the position of its score; ordering by position last makes every sort of them stable.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Placed<K> {
    pub(crate) key: K,
    pub(crate) index: u32,
}

impl<K: Key> Entry for Placed<K> {
    type Key = K;
    type Mass = u64;

    #[inline(always)]
    fn packed(self) -> K {
        self.key
    }

    #[inline(always)]
    fn mass(self) -> u64 {
        1
    }
}

struct PlacedSamples<'a, S>(&'a [S]);

impl<S: Score> Samples for PlacedSamples<'_, S> {
    type Score = S;
    type Entry = Placed<S::Key>;

    fn scores(&self) -> &[S] {
        self.0
    }

    #[inline(always)]
    fn entries(&self, range: Range<usize>) -> impl Iterator<Item = (S::Key, Placed<S::Key>)> {
        let first = range.start as u32;
        self.0[range].iter().zip(first..).map(|(&score, index)| {
            let key = score.key();
            (key, Placed { key, index })
        })
    }
}

/// The positions of the scores from the lowest to the highest; ties keep their order.
///
/// The same as `indices.sort_by(|a, b| scores[a].partial_cmp(&scores[b]))` on `0..n`. Negative zero ties with
/// zero.
///
/// # Errors
/// [`RankingError`]: no scores, 2^32 or more of them, or a NaN.
///
/// ```
/// assert_eq!(lossary_core::ranks::argsort(&[0.5, -1.0, 0.5, 0.0])?, [1, 3, 0, 2]);
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn argsort<S: Score>(scores: &[S]) -> Result<Vec<u32>, RankingError> {
    let survey = survey_positions(scores)?;
    if survey.rising {
        return Ok((0..scores.len() as u32).collect());
    }
    let mut order = vec![0; scores.len()];
    let mut rest = order.as_mut_slice();
    let mut buckets = partition(&PlacedSamples(scores), &survey);
    let mut jobs = Vec::new();
    for bucket in buckets.iter_mut() {
        let (own, after) = std::mem::take(&mut rest).split_at_mut(bucket.entries.len());
        rest = after;
        jobs.push((bucket, own));
    }
    threads::map(jobs, threads::threads_for(scores.len()), |(bucket, order)| {
        sort_bucket(bucket.entries);
        for (place, entry) in order.iter_mut().zip(bucket.entries) {
            *place = entry.index;
        }
    });
    Ok(order)
}

/// Twice the mid-rank of each score, in the order of the input: ranks count from 1, and a tie group shares
/// the mean of its places, which is a whole number when doubled.
///
/// The same as `1 + scores.iter().map(|&other| (other < score) + (other <= score)).sum()` for each score.
///
/// # Errors
/// As [`argsort`].
///
/// ```
/// assert_eq!(lossary_core::ranks::twice_mid_ranks(&[0.5, -1.0, 0.5])?, [5, 2, 5]); // 2.5, 1, 2.5
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn twice_mid_ranks<S: Score>(scores: &[S]) -> Result<Vec<u64>, RankingError> {
    let mut ranks = vec![0; scores.len()];
    let mut before = 0;
    for_each_tie_group(scores, |group| {
        let after = before + group.len() as u64;
        for entry in group {
            ranks[entry.index as usize] = before + after + 1;
        }
        before = after;
    })?;
    Ok(ranks)
}

/// Calls `visit` with the samples of each distinct score, lowest first, positions ascending.
pub(crate) fn for_each_tie_group<S: Score>(
    scores: &[S],
    mut visit: impl FnMut(&[Placed<S::Key>]),
) -> Result<(), RankingError> {
    let survey = survey_positions(scores)?;
    let mut buckets = partition(&PlacedSamples(scores), &survey);
    let threads = threads::threads_for(scores.len());
    threads::map(buckets.iter_mut(), threads, |bucket| sort_bucket(bucket.entries));
    for bucket in buckets.iter_mut() {
        bucket.entries.chunk_by(|a, b| a.key == b.key).for_each(&mut visit);
    }
    Ok(())
}

/// [`survey`], for as many scores as a position can count.
fn survey_positions<S: Score>(scores: &[S]) -> Result<Survey<S>, RankingError> {
    match u32::try_from(scores.len()) {
        Ok(_) => survey(scores),
        Err(_) => Err(RankingError::TooMany { scores: scores.len() }),
    }
}
