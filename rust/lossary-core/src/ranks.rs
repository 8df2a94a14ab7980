//! The order of scores, and their mid-ranks as exact integers.
//!
//! A score travels as one 64-bit word: 32 bits of its place within its bucket of keys, above its position in the
//! input. Words sort as integers, and ties keep their order for free. A bucket whose keys need more than 32 bits
//! sorts by their upper ones; the few words that agree there are then ordered by their keys.

use crate::grid::Grid;
use crate::keys::{Key, Score};
use crate::platform::prefer_large_pages;
use crate::ranking::{RankingError, Survey, survey};
use crate::threads;
use std::ops::Range;

/// Wanted number of words of a bucket: it is sorted within the first level of cache.
const BUCKET: usize = 1 << 11;

/// At most about this many buckets: more cost misses in the translation of addresses.
const MOST_BUCKETS: usize = 1 << 9;

/// More words in one bin make insertion slow.
const CROWD: u32 = 64;

/// Below, the standard sort is faster than counting.
const COUNTED: usize = 64;

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
    let Scattered { words, spans } = scatter(scores)?;
    let mut order = vec![0; scores.len()];
    let jobs = spans.iter().zip(cut(&mut order, &spans)).collect();
    threads::map(jobs, threads::threads_for(scores.len()), |(span, order)| {
        for (place, word) in order.iter_mut().zip(sort_bucket(scores, &words[span.range.clone()], span)) {
            *place = position(word);
        }
    });
    Ok(order)
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
    let mut ranks = vec![0; scores.len()];
    let mut before = 0;
    sort(scores)?.tie_groups(|group| {
        let after = before + group.len() as u64;
        for &word in group {
            ranks[position(word) as usize] = before + after + 1;
        }
        before = after;
    });
    Ok(ranks)
}

/// Scores in ascending order, as words that hold their positions.
pub(crate) struct Sorted<'a, S> {
    scores: &'a [S],
    words: Vec<u64>,
    spans: Vec<Span>,
}

/// The position in the input of the score of a word.
#[inline(always)]
pub(crate) fn position(word: u64) -> u32 {
    word as u32
}

/// Place within the bucket: the upper half of a word.
#[inline(always)]
fn place(word: u64) -> u64 {
    word >> 32
}

impl<S: Score> Sorted<'_, S> {
    /// Calls `visit` with the words of each distinct score, lowest first, positions ascending.
    pub(crate) fn tie_groups(&self, mut visit: impl FnMut(&[u64])) {
        let key = |word: u64| self.scores[position(word) as usize].key();
        for span in &self.spans {
            let tie = |&a: &u64, &b: &u64| place(a) == place(b) && (span.shift == 0 || key(a) == key(b));
            self.words[span.range.clone()].chunk_by(tie).for_each(&mut visit);
        }
    }
}

/// Sorts scores, stably.
pub(crate) fn sort<S: Score>(scores: &[S]) -> Result<Sorted<'_, S>, RankingError> {
    let Scattered { mut words, spans } = scatter(scores)?;
    let jobs = spans.iter().zip(cut(&mut words, &spans)).collect();
    threads::map(jobs, threads::threads_for(scores.len()), |(span, words)| {
        words.copy_from_slice(&sort_bucket(scores, words, span));
    });
    Ok(Sorted { scores, words, spans })
}

/// Words in buckets that are ordered among themselves.
struct Scattered {
    words: Vec<u64>,
    spans: Vec<Span>,
}

/// A bucket: where its words lie, and that they hold `(key - lowest) >> shift`, at most `widest`.
struct Span {
    range: Range<usize>,
    lowest: u64,
    shift: u32,
    widest: u64,
}

/// One slice for each bucket.
fn cut<'a, T>(mut rest: &'a mut [T], spans: &[Span]) -> Vec<&'a mut [T]> {
    let mut slices = Vec::with_capacity(spans.len());
    for span in spans {
        let (own, after) = std::mem::take(&mut rest).split_at_mut(span.range.len());
        slices.push(own);
        rest = after;
    }
    slices
}

/// Brings the words of all scores to their buckets, in the order of the input.
fn scatter<S: Score>(scores: &[S]) -> Result<Scattered, RankingError> {
    if u32::try_from(scores.len()).is_err() {
        return Err(RankingError::TooMany { scores: scores.len() });
    }
    let survey = survey(scores)?;
    let grid = survey.grid();
    let threads = threads::threads_for(scores.len());
    let parts = threads::parts(scores.len(), threads);
    let histograms = threads::map(parts.clone(), threads, |part| {
        let mut histogram = vec![0_u32; grid.bins];
        for score in &scores[part] {
            histogram[grid.bin(score.key()) as usize] += 1;
        }
        histogram
    });
    let (spans, bucket_of_bin) = merge_bins(&survey, &grid, &histograms, scores.len());

    let mut words = vec![0; scores.len()];
    prefer_large_pages(&mut words);
    let mut slots: Vec<Vec<_>> = parts.iter().map(|_| Vec::with_capacity(spans.len())).collect();
    let mut lengths: Vec<Vec<usize>> = parts.iter().map(|_| vec![0; spans.len()]).collect();
    for (lengths, histogram) in lengths.iter_mut().zip(&histograms) {
        for (&bucket, &count) in bucket_of_bin.iter().zip(histogram) {
            lengths[usize::from(bucket)] += count as usize;
        }
    }
    for (bucket, (span, mut rest)) in spans.iter().zip(cut(&mut words, &spans)).enumerate() {
        for (slots, lengths) in slots.iter_mut().zip(&lengths) {
            let (own, after) = std::mem::take(&mut rest).split_at_mut(lengths[bucket]);
            slots.push((own.iter_mut(), span.lowest, span.shift));
            rest = after;
        }
    }
    let jobs = parts.into_iter().zip(slots).collect();
    threads::map(jobs, threads, |(part, mut slots)| {
        for (score, index) in scores[part.clone()].iter().zip(part.start as u64..) {
            let key = score.key();
            let (slots, lowest, shift) = &mut slots[usize::from(bucket_of_bin[grid.bin(key) as usize])];
            if let Some(word) = slots.next() {
                *word = (key.bin(0) - *lowest) >> *shift << 32 | index;
            }
        }
    });
    Ok(Scattered { words, spans })
}

/// Joins neighbouring bins to buckets of about the wanted size, the change of the top bit apart.
fn merge_bins<S: Score>(
    survey: &Survey<S>,
    grid: &Grid<S::Key>,
    histograms: &[Vec<u32>],
    count: usize,
) -> (Vec<Span>, Vec<u16>) {
    let wanted = BUCKET.max(count / MOST_BUCKETS);
    let mut spans: Vec<Span> = Vec::new();
    let mut bucket_of_bin = Vec::with_capacity(grid.bins);
    for bin in 0..grid.bins {
        let total: usize = histograms.iter().map(|histogram| histogram[bin] as usize).sum();
        let parted = bin > 0 && grid.top(bin) != grid.top(bin - 1);
        match spans.last_mut() {
            Some(span) if !parted && span.range.len() + total <= wanted => span.range.end += total,
            last => {
                let start = last.map_or(0, |span| span.range.end);
                let lowest = grid.start(bin as u32).bin(0);
                spans.push(Span { range: start..start + total, lowest, shift: 0, widest: 0 });
            }
        }
        bucket_of_bin.push((spans.len() - 1) as u16);
    }
    let mut highest = survey.max.key().bin(0);
    for span in spans.iter_mut().rev() {
        let width = highest.saturating_sub(span.lowest);
        span.shift = (u64::BITS - width.leading_zeros()).saturating_sub(32);
        span.widest = width >> span.shift;
        highest = span.lowest.saturating_sub(1);
    }
    (spans, bucket_of_bin)
}

/// The words of a bucket in ascending order of their scores.
fn sort_bucket<S: Score>(scores: &[S], words: &[u64], span: &Span) -> Vec<u64> {
    let mut sorted = sort_words(words, span.widest);
    if span.shift > 0
        && sorted.windows(2).fold(false, |agree, pair| agree | (place(pair[0]) == place(pair[1])))
    {
        let key = |word: u64| scores[position(word) as usize].key();
        for agreed in sorted.chunk_by_mut(|&a, &b| place(a) == place(b)).filter(|agreed| agreed.len() > 1) {
            if !agreed.is_sorted_by_key(|&word| key(word)) {
                agreed.sort_by_cached_key(|&word| (key(word), word));
            }
        }
    }
    sorted
}

/// Words in ascending order: a counting pass by place, then insertion within neighbourhoods.
fn sort_words(words: &[u64], widest: u64) -> Vec<u64> {
    let mut sorted = words.to_vec();
    if words.len() < COUNTED {
        sorted.sort_unstable();
        return sorted;
    }
    let bins = words.len().next_power_of_two();
    let shift = 32 + (u64::BITS - widest.leading_zeros()).saturating_sub(bins.trailing_zeros());
    // The mask changes nothing; it tells the compiler that the index is inside the table.
    let bin = |word: u64| (word >> shift) as usize & (bins - 1);
    let mut ends = vec![0_u32; bins];
    for &word in words {
        ends[bin(word)] += 1;
    }
    let (mut start, mut any) = (0, 0);
    for slot in &mut ends {
        let count = std::mem::replace(slot, start);
        start += count;
        any |= count;
    }
    for &word in words {
        let next = &mut ends[bin(word)];
        sorted[*next as usize] = word;
        *next += 1;
    }
    if any < CROWD {
        insert(&mut sorted);
    } else {
        let mut start = 0;
        for &end in &ends {
            if let Some(crowd) = sorted.get_mut(start..end as usize) {
                crowd.sort_unstable(); // ties are sorted already, which it sees in one pass
            }
            start = end as usize;
        }
    }
    sorted
}

fn insert(words: &mut [u64]) {
    for place in 1..words.len() {
        let word = words[place];
        let mut hole = place;
        while hole > 0 && words[hole - 1] > word {
            words[hole] = words[hole - 1];
            hole -= 1;
        }
        words[hole] = word;
    }
}
