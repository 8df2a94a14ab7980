//! The first stage of every sort: scatter entries into buckets that are ordered among themselves.
//!
//! A histogram of the top bits of the keys is cut into buckets of about [`BUCKET`] entries; entries move to
//! their buckets in one stable pass. Buckets are then sorted one by one, in cache and in parallel. The cut
//! depends on the multiset of keys alone, so neither threads nor the order of the input can change a result.
//! O(n) time and one entry (4 or 8 bytes without weights) of memory per sample.

use crate::keys::{Key, Score};
use crate::ranking::{Entry, Samples, Survey};
use crate::threads;
use std::slice::IterMut;

/// Wanted number of entries of a bucket: it is sorted within the first two levels of cache.
const BUCKET: usize = 1 << 14;

/// At most about this many buckets: more cost misses in the translation of addresses.
const MOST_BUCKETS: usize = 1 << 10;

/// Entries grouped into buckets, lowest keys first.
pub(crate) struct Buckets<E> {
    entries: Vec<E>,
    spans: Vec<Span>,
}

struct Span {
    length: usize,
    top: bool,
}

/// The entries of one bucket, whose keys all have the top bit `top`.
pub(crate) struct Bucket<'a, E> {
    pub(crate) entries: &'a mut [E],
    pub(crate) top: bool,
}

impl<E: Entry> Buckets<E> {
    /// The buckets in ascending order.
    pub(crate) fn iter_mut(&mut self) -> Vec<Bucket<'_, E>> {
        let mut rest = self.entries.as_mut_slice();
        self.spans
            .iter()
            .map(|span| {
                let (entries, after) = std::mem::take(&mut rest).split_at_mut(span.length);
                rest = after;
                Bucket { entries, top: span.top }
            })
            .collect()
    }
}

/// The fine histogram's bins: `(key >> shift) - first`.
#[derive(Clone, Copy)]
struct Grid {
    shift: u32,
    first: u64,
    bins: usize,
}

impl Grid {
    fn new<K: Key>(min: K, max: K, samples: usize) -> Self {
        let shift = if samples <= BUCKET {
            K::BITS - 1 // everything fits one bucket; two bins keep negative numbers apart from the others
        } else {
            let most = if K::BITS == 32 { 1 << 16 } else { 1 << 18 };
            (0..K::BITS).find(|&shift| max.bin(shift) - min.bin(shift) < most).unwrap_or(K::BITS - 1)
        };
        let first = min.bin(shift);
        Self { shift, first, bins: (max.bin(shift) - first) as usize + 1 }
    }

    #[inline(always)]
    fn bin<K: Key>(self, key: K) -> usize {
        (key.bin(self.shift) - self.first) as usize
    }

    /// Whether the keys of a bin have the top bit set.
    fn top<K: Key>(self, bin: usize) -> bool {
        (self.first + bin as u64) >> (K::BITS - 1 - self.shift) == 1
    }
}

/// Scatters samples into buckets.
pub(crate) fn partition<P: Samples>(samples: &P, survey: &Survey<P::Score>) -> Buckets<P::Entry> {
    let count = samples.scores().len();
    let threads = threads::threads_for(count);
    let parts = threads::parts(count, threads);
    let grid = Grid::new(survey.min.key(), survey.max.key(), count);
    let histograms = threads::map(parts.clone(), threads, |part| {
        let mut histogram = vec![0_u32; grid.bins];
        for (key, _) in samples.entries(part) {
            histogram[grid.bin(key)] += 1;
        }
        histogram
    });
    let (spans, bucket_of_bin) = merge_bins::<<P::Score as Score>::Key>(grid, &histograms);

    let mut entries = vec![P::Entry::default(); spans.iter().map(|span| span.length).sum()];
    let slots = slots_per_part(&mut entries, &histograms, &bucket_of_bin, spans.len());
    let jobs = parts.into_iter().zip(slots).collect();
    threads::map(jobs, threads, |(part, mut slots)| {
        for (key, entry) in samples.entries(part) {
            if let Some(slot) = slots[usize::from(bucket_of_bin[grid.bin(key)])].next() {
                *slot = entry;
            }
        }
    });
    Buckets { entries, spans }
}

/// Joins neighbouring bins to buckets of about the wanted size; no bucket straddles the change of the top bit.
fn merge_bins<K: Key>(grid: Grid, histograms: &[Vec<u32>]) -> (Vec<Span>, Vec<u16>) {
    let totals: Vec<usize> =
        (0..grid.bins).map(|bin| histograms.iter().map(|histogram| histogram[bin] as usize).sum()).collect();
    let wanted = BUCKET.max(totals.iter().sum::<usize>() / MOST_BUCKETS);
    let mut spans: Vec<Span> = Vec::new();
    let mut bucket_of_bin = Vec::with_capacity(grid.bins);
    for (bin, &total) in totals.iter().enumerate() {
        let top = grid.top::<K>(bin);
        match spans.last_mut() {
            Some(span) if span.top == top && span.length + total <= wanted => span.length += total,
            _ => spans.push(Span { length: total, top }),
        }
        bucket_of_bin.push((spans.len() - 1) as u16);
    }
    (spans, bucket_of_bin)
}

/// For each part, where its entries of each bucket go: parts write side by side, in the order of the input.
fn slots_per_part<'a, E>(
    entries: &'a mut [E],
    histograms: &[Vec<u32>],
    bucket_of_bin: &[u16],
    buckets: usize,
) -> Vec<Vec<IterMut<'a, E>>> {
    let lengths: Vec<Vec<usize>> = histograms
        .iter()
        .map(|histogram| {
            let mut lengths = vec![0; buckets];
            for (&bucket, &count) in bucket_of_bin.iter().zip(histogram) {
                lengths[usize::from(bucket)] += count as usize;
            }
            lengths
        })
        .collect();
    let mut slots: Vec<Vec<IterMut<'a, E>>> =
        histograms.iter().map(|_| Vec::with_capacity(buckets)).collect();
    let mut rest = entries;
    for bucket in 0..buckets {
        for (part, lengths) in slots.iter_mut().zip(&lengths) {
            let (own, after) = std::mem::take(&mut rest).split_at_mut(lengths[bucket]);
            part.push(own.iter_mut());
            rest = after;
        }
    }
    slots
}
