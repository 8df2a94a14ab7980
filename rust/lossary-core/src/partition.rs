//! The first stage of every sort: scatter entries into buckets that are ordered among themselves.
//!
//! A histogram of the top bits of the keys is cut into buckets of about [`BUCKET`] entries; entries move to
//! their buckets in one stable pass. Buckets are then sorted one by one, in cache and in parallel. The cut
//! depends on the multiset of keys alone, so neither threads nor the order of the input can change a result.
//! O(n) time and one entry (4 or 8 bytes without weights) of memory per sample; the entries that crowd in one
//! bin, more than [`LONGEST`], are partitioned again, and copied once more for it.

use crate::grid::Grid;
use crate::keys::{Key, Score};
use crate::platform::{Work, widest};
use crate::ranking::{Entry, Samples, Survey};
use crate::threads;
use std::ops::Range;
use std::slice::IterMut;

/// Wanted number of entries of a bucket: it is sorted within the first two levels of cache.
const BUCKET: usize = 1 << 14;

/// At most about this many buckets: more cost misses in the translation of addresses.
const MOST_BUCKETS: usize = 1 << 12;

/// A bucket that is longer is partitioned again.
pub(crate) const LONGEST: usize = (1 << 16) - 1;

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

/// Scatters samples into buckets.
pub(crate) fn partition<S: Score, P: Samples>(samples: &P, survey: &Survey<S>) -> Buckets<P::Entry>
where
    P::Entry: Entry<Key = S::Key>,
{
    if samples.count() <= BUCKET {
        return split(samples);
    }
    let (mut entries, coarse) = scatter(samples, survey.grid());
    let mut spans = Vec::with_capacity(coarse.len());
    let mut rest = entries.as_mut_slice();
    for span in coarse {
        let (own, after) = std::mem::take(&mut rest).split_at_mut(span.length);
        refine(own, span.top, &mut spans);
        rest = after;
    }
    Buckets { entries, spans }
}

/// Partitions a bucket again, on its own range of keys, until no part is too long, or a part is one tie group.
fn refine<E: Entry>(entries: &mut [E], top: bool, spans: &mut Vec<Span>) {
    let range = if entries.len() > LONGEST { (Packed { entries }).range() } else { None };
    if let Some((min, max)) = range.filter(|(min, max)| min < max) {
        let (sorted, parts) = scatter(&Packed { entries }, Grid::new(min, max, None));
        entries.copy_from_slice(&sorted);
        drop(sorted);
        let mut rest = entries;
        for part in parts {
            let (own, after) = rest.split_at_mut(part.length);
            refine(own, top, spans);
            rest = after;
        }
    } else if !entries.is_empty() {
        spans.push(Span { length: entries.len(), top });
    }
}

/// The entries of a bucket, as samples whose keys lack the top bit.
struct Packed<'a, E> {
    entries: &'a [E],
}

impl<E: Entry> Packed<'_, E> {
    fn range(&self) -> Option<(E::Key, E::Key)> {
        let keys = || self.entries.iter().map(|entry| entry.packed().tie_group());
        keys().min().zip(keys().max())
    }
}

impl<E: Entry> Samples for Packed<'_, E> {
    type Entry = E;

    fn count(&self) -> usize {
        self.entries.len()
    }

    #[inline(always)]
    fn entries(&self, range: Range<usize>) -> impl Iterator<Item = (E::Key, E)> {
        self.entries[range].iter().map(|&entry| (entry.packed().tie_group(), entry))
    }
}

/// Entries bin by bin, in the order of the input within a bin, and where the buckets end.
fn scatter<P: Samples>(samples: &P, grid: Grid<KeyOf<P>>) -> (Vec<P::Entry>, Vec<Span>) {
    let threads = threads::threads_for(samples.count());
    let parts = threads::parts(samples.count(), threads);
    let histograms = threads::map(parts.clone(), threads, |part| widest(Histogram { samples, grid, part }));
    let (spans, bucket_of_bin) = merge_bins(grid, &histograms);
    let mut entries = P::Entry::zeros(spans.iter().map(|span| span.length).sum());
    let slots = slots_per_part(&mut entries, &histograms, &bucket_of_bin, spans.len());
    let jobs = parts.into_iter().zip(slots).collect();
    threads::map(jobs, threads, |(part, slots)| {
        widest(Scatter { samples, grid, part, bucket_of_bin: &bucket_of_bin, slots });
    });
    (entries, spans)
}

type KeyOf<P> = <<P as Samples>::Entry as Entry>::Key;

/// Few samples fit two buckets: negative numbers, and the others.
fn split<P: Samples>(samples: &P) -> Buckets<P::Entry> {
    let samples = || samples.entries(0..samples.count());
    let is_high = |key: KeyOf<P>| key.bin(KeyOf::<P>::BITS - 1) as usize;
    let (mut count, mut high) = (0, 0);
    for (key, _) in samples() {
        count += 1;
        high += is_high(key);
    }
    let mut entries = vec![P::Entry::default(); count];
    let mut next = [0, count - high];
    for (key, entry) in samples() {
        let next = &mut next[is_high(key)];
        entries[*next] = entry;
        *next += 1;
    }
    let spans = vec![Span { length: count - high, top: false }, Span { length: high, top: true }];
    Buckets { entries, spans }
}

/// Samples are read in blocks: the keys of a block are made side by side, then they move one by one.
const BLOCK: usize = 256;

/// Counts the keys of a part of the samples in each bin.
struct Histogram<'a, P: Samples> {
    samples: &'a P,
    grid: Grid<KeyOf<P>>,
    part: Range<usize>,
}

impl<P: Samples> Work for Histogram<'_, P> {
    type Output = Vec<u32>;

    #[inline(always)]
    fn run(self) -> Vec<u32> {
        let mut histogram = vec![0; self.grid.bins];
        let mut bins = [0; BLOCK];
        for start in self.part.clone().step_by(BLOCK) {
            let block = start..self.part.end.min(start + BLOCK);
            let mut filled = 0;
            for (bin, (key, _)) in bins.iter_mut().zip(self.samples.entries(block)) {
                *bin = self.grid.bin(key);
                filled += 1;
            }
            for &bin in &bins[..filled] {
                histogram[bin as usize] += 1;
            }
        }
        histogram
    }
}

/// Moves the entries of a part of the samples to their buckets.
struct Scatter<'a, P: Samples> {
    samples: &'a P,
    grid: Grid<KeyOf<P>>,
    part: Range<usize>,
    bucket_of_bin: &'a [u16],
    slots: Vec<IterMut<'a, P::Entry>>,
}

impl<P: Samples> Work for Scatter<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        // Entries with a weight are made twice: a block of them would drive the heads of the buckets from the cache.
        let kept = const { size_of::<P::Entry>() <= size_of::<u64>() };
        let (mut bins, mut entries) = ([0; BLOCK], [P::Entry::default(); BLOCK]);
        let (bucket_of_bin, slots) = (self.bucket_of_bin, self.slots.as_mut_slice());
        let mut place = |bin: u32, entry| {
            if let Some(slot) = slots[usize::from(bucket_of_bin[bin as usize])].next() {
                *slot = entry;
            }
        };
        for start in self.part.clone().step_by(BLOCK) {
            let block = start..self.part.end.min(start + BLOCK);
            let numbered = self.samples.entries(block.clone()).zip(bins.iter_mut().zip(&mut entries));
            for ((key, entry), (bin, slot)) in numbered {
                *bin = self.grid.bin(key);
                if kept {
                    *slot = entry;
                }
            }
            if kept {
                bins[..block.len()].iter().zip(&entries).for_each(|(&bin, &entry)| place(bin, entry));
            } else {
                bins.iter().zip(self.samples.entries(block)).for_each(|(&bin, (_, entry))| place(bin, entry));
            }
        }
    }
}

/// Joins neighbouring bins to buckets of about the wanted size; no bucket straddles the change of the top bit.
fn merge_bins<K: Key>(grid: Grid<K>, histograms: &[Vec<u32>]) -> (Vec<Span>, Vec<u16>) {
    let totals: Vec<usize> =
        (0..grid.bins).map(|bin| histograms.iter().map(|histogram| histogram[bin] as usize).sum()).collect();
    let wanted = BUCKET.max(totals.iter().sum::<usize>() / MOST_BUCKETS);
    let mut spans: Vec<Span> = Vec::new();
    let mut bucket_of_bin = Vec::with_capacity(grid.bins);
    for (bin, &total) in totals.iter().enumerate() {
        let top = grid.top(bin);
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
