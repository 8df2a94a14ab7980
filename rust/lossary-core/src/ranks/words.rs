//! Words of a bucket in ascending order of their scores.
//!
//! A bucket whose keys need more than 32 bits sorts by their upper ones; where words agree there, its keys are
//! looked up.

use super::buckets::Span;
use crate::keys::Score;

/// More words in one bin make insertion slow.
const CROWD: u32 = 64;

/// Below, the standard sort is faster than counting.
const COUNTED: usize = 64;

/// The counters of more bins would leave the cache.
const MOST_BINS: usize = 1 << 16;

/// The position in the input of the score of a word.
#[inline(always)]
fn position(word: u64) -> u32 {
    word as u32
}

/// Place within the bucket: the upper half of a word.
#[inline(always)]
fn place(word: u64) -> u64 {
    word >> 32
}

/// Memory kept from bucket to bucket.
#[derive(Default)]
pub(super) struct Scratch<K> {
    sorted: Vec<u64>,
    ends: Vec<u32>,
    keys: Vec<K>,
    sizes: Vec<u32>,
}

impl<K: Copy + Ord> Scratch<K> {
    /// Writes the positions of the scores of a bucket in ascending order. Returns the sizes of the groups of equal
    /// scores, where these are wanted; none if all scores differ.
    pub(super) fn sort<S: Score<Key = K>>(
        &mut self,
        scores: &[S],
        words: &[u64],
        span: &Span,
        positions: &mut [u32],
        ties: bool,
    ) -> Vec<u32> {
        let Self { sorted, ends, keys, sizes } = self;
        sorted.resize(sorted.len().max(words.len()), 0);
        let sorted = &mut sorted[..words.len()];
        sort_words(words, sorted, ends, span.widest);
        let agree = |so_far, pair: &[u64]| so_far | (place(pair[0]) == place(pair[1]));
        let agree = (ties || !span.exact) && sorted.windows(2).fold(false, agree);
        if agree && !span.exact {
            sort_agreeing(sorted, keys, |word| scores[position(word) as usize].key());
        }
        for (into, &word) in positions.iter_mut().zip(&*sorted) {
            *into = position(word);
        }
        if !(ties && agree) {
            return Vec::new();
        }
        sizes.resize(sizes.len().max(words.len()), 0);
        let groups =
            if span.exact { runs(sorted, |&word| place(word), sizes) } else { runs(keys, |&key| key, sizes) };
        if groups < words.len() { sizes[..groups].to_vec() } else { Vec::new() }
    }
}

/// Sorts words whose places agree by their keys; returns the keys of all words in their order.
fn sort_agreeing<K: Copy + Ord>(sorted: &mut [u64], keys: &mut Vec<K>, key: impl Fn(u64) -> K) {
    keys.clear();
    keys.extend(sorted.iter().map(|&word| key(word)));
    let mut start = 0;
    for agreed in sorted.chunk_by_mut(|&a, &b| place(a) == place(b)) {
        let keys = &mut keys[start..start + agreed.len()];
        start += agreed.len();
        if !keys.is_sorted() {
            agreed.sort_by_cached_key(|&word| (key(word), word));
            keys.sort_unstable();
        }
    }
}

/// Writes the lengths of runs of equal elements; returns how many there are. No branch depends on them.
fn runs<T, V: PartialEq>(elements: &[T], value: impl Fn(&T) -> V, lengths: &mut [u32]) -> usize {
    let (mut count, mut length) = (0, 0);
    for (index, element) in elements.iter().enumerate() {
        let next = elements.get(index + 1);
        length += 1;
        lengths[count] = length;
        let ends = u32::from(next.is_none_or(|next| value(next) != value(element)));
        count += ends as usize;
        length &= ends.wrapping_sub(1);
    }
    count
}

/// Brings words to ascending order: a counting pass by place, then insertion within neighbourhoods.
fn sort_words(words: &[u64], sorted: &mut [u64], ends: &mut Vec<u32>, widest: u64) {
    if words.len() < COUNTED {
        sorted.copy_from_slice(words);
        sorted.sort_unstable();
        return;
    }
    let bins = (2 * words.len()).next_power_of_two().min(MOST_BINS);
    let scale = ((bins as u64) << 32) / (widest + 1);
    ends.clear();
    ends.resize(bins, 0);
    let ends = ends.as_mut_slice();
    // The mask changes nothing; it tells the compiler that the index is inside the table.
    let bin = |word: u64| ((place(word) * scale) >> 32) as usize & (bins - 1);
    for &word in words {
        ends[bin(word)] += 1;
    }
    let (mut start, mut any) = (0, 0);
    for slot in ends.iter_mut() {
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
        insert(sorted);
    } else {
        let mut start = 0;
        for &end in ends.iter() {
            if let Some(crowd) = sorted.get_mut(start..end as usize) {
                crowd.sort_unstable(); // ties are sorted already, which it sees in one pass
            }
            start = end as usize;
        }
    }
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
