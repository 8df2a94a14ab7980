//! The order of scores, and their mid-ranks as exact integers.
//!
//! Scores with few values, each with a bin of the grid of its own, are dealt to their values in one pass. Others
//! travel to [buckets] as words of 64 bits, which are then [sorted](words) one by one, in cache and in parallel.

mod buckets;
mod words;

use crate::keys::Score;
use crate::order::Order;
use crate::platform::prefer_large_pages;
use crate::ranking::{RankingError, survey};
use crate::threads;
use buckets::{Histograms, cut};
use std::iter::repeat_n;
use words::Scratch;

/// The positions of the scores from the lowest to the highest; ties keep their order.
///
/// The same as `order.sort_by(|&a, &b| scores[a].partial_cmp(&scores[b]))` on the positions, in O(n log n) time at
/// worst and 8 bytes of memory a score beside the result. Negative zero ties with zero.
///
/// # Errors
/// [`RankingError`]: no scores, 2^32 of them or more, or a NaN.
///
/// ```
/// assert_eq!(lossary_core::ranks::argsort(&[0.5, -1.0, 0.5, 0.0])?, [1, 3, 0, 2]);
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn argsort<S: Score>(scores: &[S]) -> Result<Vec<u32>, RankingError> {
    Ok(sort(scores, false)?.0)
}

/// Twice the mid-rank of each score, in the order of the input: ranks count from 1, and a tie group shares the
/// mean of its places, which is a whole number when doubled.
///
/// The same as `1 + scores.iter().map(|&other| (other < score) + (other <= score)).sum()` for each score, in
/// O(n log n) time.
///
/// # Errors
/// As [`argsort`].
///
/// ```
/// assert_eq!(lossary_core::ranks::twice_mid_ranks(&[0.5, -1.0, 0.5])?, [5, 2, 5]); // 2.5, 1, 2.5
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn twice_mid_ranks<S: Score>(scores: &[S]) -> Result<Vec<u64>, RankingError> {
    let order = Order::of(scores)?;
    let mut ranks = vec![0; scores.len()];
    prefer_large_pages(&mut ranks);
    let mut before = 0;
    for group in order.groups() {
        let after = before + group.len() as u64;
        for &position in group {
            ranks[position as usize] = before + after + 1;
        }
        before = after;
    }
    Ok(ranks)
}

/// The positions of the scores in ascending order, ties in the order of the input; and, if wanted, the sizes of the
/// tie groups, unless no scores tie.
pub(crate) fn sort<S: Score>(scores: &[S], ties: bool) -> Result<(Vec<u32>, Vec<u32>), RankingError> {
    if u32::try_from(scores.len()).is_err() {
        return Err(RankingError::TooMany { scores: scores.len() });
    }
    let histograms = Histograms::of(scores, &survey(scores)?);
    let mut positions = vec![0; scores.len()];
    prefer_large_pages(&mut positions);
    if let Some(sizes) = histograms.deal(&mut positions) {
        return Ok((positions, sizes));
    }
    let (words, spans) = histograms.scatter();
    let lengths = || spans.iter().map(|span| span.range.len());
    let jobs = spans.iter().zip(cut(&mut positions, lengths())).collect();
    let threads = threads::threads_for(scores.len());
    let sizes = threads::map_with(jobs, threads, Scratch::default, |scratch, (span, positions)| {
        scratch.sort(scores, &words[span.range.clone()], span, positions, ties)
    });
    if sizes.iter().all(Vec::is_empty) {
        return Ok((positions, Vec::new()));
    }
    let groups = |(sizes, scores): (&Vec<u32>, usize)| if sizes.is_empty() { scores } else { sizes.len() };
    let mut joined = Vec::with_capacity(sizes.iter().zip(lengths()).map(groups).sum());
    for (sizes, scores) in sizes.iter().zip(lengths()) {
        joined.extend_from_slice(sizes);
        joined.extend(repeat_n(1, if sizes.is_empty() { scores } else { 0 }));
    }
    Ok((positions, joined))
}
