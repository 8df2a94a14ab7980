//! Scores brought to buckets that are ordered among themselves.
//!
//! A score travels as one 64-bit word: 32 bits of its place within its bucket of keys, above its position in the
//! input. Words sort as integers, and ties keep their order for free.

use crate::few::{self, BLOCK, Table};
use crate::grid::{Grid, MOST_BINS};
use crate::keys::{Key, Score};
use crate::platform::{Work, prefer_large_pages, widest};
use crate::ranking::Survey;
use crate::threads;
use std::ops::Range;
use std::slice::IterMut;

/// Wanted number of words of a bucket: it is sorted within the first level of cache.
const BUCKET: usize = 1 << 11;

/// At most about this many buckets: more cost misses in the translation of addresses.
const MOST_BUCKETS: usize = 1 << 9;

/// Up to so many values, each is a bucket of its own.
const FEW: usize = 1 << 12;

/// How many scores are in each bin of a grid, part by part.
pub(super) struct Histograms<'a, S: Score> {
    scores: &'a [S],
    grid: Grid<S::Key>,
    ends: [S::Key; 2],
    threads: usize,
    parts: Vec<Range<usize>>,
    counts: Vec<Vec<u32>>,
    /// So many lowest bits are the same in all keys with the top bit, and in all without it.
    alike: u32,
}

/// A bucket: where its words lie, and that they hold `(key - lowest) >> shift`, at most `widest`.
pub(super) struct Span {
    pub(super) range: Range<usize>,
    lowest: u64,
    shift: u32,
    pub(super) widest: u64,
    /// Whether words that agree there are of equal scores.
    pub(super) exact: bool,
}

impl<'a, S: Score> Histograms<'a, S> {
    /// Counts the scores that were surveyed.
    pub(super) fn of(scores: &'a [S], survey: &Survey<S>) -> Self {
        let most = (scores.len() as u32 / 2).next_power_of_two().clamp(1 << 8, MOST_BINS);
        let grid = survey.grid_of(most);
        let threads = threads::threads_for(scores.len());
        let parts = threads::parts(scores.len(), threads);
        let ends = [survey.min.key(), survey.max.key()];
        let counted =
            threads::map(parts.clone(), threads, |part| widest(Count { scores: &scores[part], grid, ends }));
        let (counts, differing): (Vec<_>, Vec<_>) = counted.into_iter().unzip();
        let alike = differing.iter().map(|bits| bits.bin(0).trailing_zeros()).min().unwrap_or(0);
        Self { scores, grid, ends, threads, parts, counts, alike }
    }

    /// The number of scores in each bin.
    fn totals(&self) -> impl Iterator<Item = usize> {
        (0..self.grid.bins).map(|bin| self.counts.iter().map(|counts| counts[bin] as usize).sum())
    }

    /// Where there are few values: deals the positions to them, and returns how many each got, unless it is one each.
    pub(super) fn deal(&self, positions: &mut [u32]) -> Option<Vec<u32>> {
        let sizes = if self.grid.parts_all(self.alike) {
            self.deal_by_bin(positions)
        } else {
            self.deal_by_key(positions)
        };
        sizes.map(|sizes| if sizes.len() < self.scores.len() { sizes } else { Vec::new() })
    }

    /// Each value has a bin of its own.
    fn deal_by_bin(&self, positions: &mut [u32]) -> Option<Vec<u32>> {
        let (mut sizes, mut bucket_of_bin) = (Vec::new(), Vec::with_capacity(self.grid.bins));
        for total in self.totals() {
            bucket_of_bin.push(sizes.len() as u16);
            if total > 0 {
                if sizes.len() == FEW {
                    return None;
                }
                sizes.push(total as u32);
            }
        }
        let slots = cut(positions, sizes.iter().map(|&size| size as usize)).into_iter();
        let slots = slots.map(|positions| (positions, Bare));
        self.fill(
            slots,
            self.lengths(sizes.len(), &bucket_of_bin),
            Binned { grid: self.grid, bucket_of_bin: &bucket_of_bin },
        );
        Some(sizes)
    }

    /// A table finds the values.
    fn deal_by_key(&self, positions: &mut [u32]) -> Option<Vec<u32>> {
        if self.scores.len() < few::WORTHWHILE {
            return None;
        }
        // Of so many values, all as frequent, a sample has fewer than two in three.
        if few::sample(self.scores).chunk_by(|a, b| a == b).count() > FEW * 2 / 3 {
            return None;
        }
        let unused = S::Key::beside(self.ends[0], self.ends[1])?;
        let tables = threads::map(self.parts.clone(), self.threads, |part| {
            widest(Tally { scores: &self.scores[part], unused })
        });
        let tables = tables.into_iter().collect::<Option<Vec<_>>>()?;
        let mut values: Vec<S::Key> =
            tables.iter().flat_map(|table| table.entries().map(|(key, _)| key)).collect();
        values.sort_unstable();
        values.dedup();
        if values.len() > FEW {
            return None;
        }
        let mut bucket_of_key = Table::new(unused, values.len().ilog2() + 2);
        values.iter().zip(1..).for_each(|(&key, bucket)| *bucket_of_key.value(key) = bucket);
        let named = Named { bucket_of_key: &bucket_of_key };
        let mut lengths = vec![vec![0; values.len()]; self.parts.len()];
        let mut sizes = vec![0; values.len()];
        for (lengths, table) in lengths.iter_mut().zip(&tables) {
            for (key, count) in table.entries() {
                let bucket = named.bucket(key) as usize;
                lengths[bucket] = count as usize;
                sizes[bucket] += count;
            }
        }
        let slots = cut(positions, sizes.iter().map(|&size| size as usize)).into_iter();
        self.fill(slots.map(|positions| (positions, Bare)), lengths, named);
        Some(sizes)
    }

    /// Brings the words of all scores to their buckets, in the order of the input.
    pub(super) fn scatter(&self) -> (Vec<u64>, Vec<Span>) {
        let (spans, bucket_of_bin) = self.merge_bins();
        let mut words = vec![0; self.scores.len()];
        prefer_large_pages(&mut words);
        let slots = cut(&mut words, spans.iter().map(|span| span.range.len())).into_iter();
        let places = spans.iter().map(|&Span { lowest, shift, .. }| Place { lowest, shift });
        let lengths = self.lengths(spans.len(), &bucket_of_bin);
        self.fill(slots.zip(places), lengths, Binned { grid: self.grid, bucket_of_bin: &bucket_of_bin });
        (words, spans)
    }

    /// How many scores of each part are in each bucket.
    fn lengths(&self, buckets: usize, bucket_of_bin: &[u16]) -> Vec<Vec<usize>> {
        let of_part = |counts: &Vec<u32>| {
            let mut lengths = vec![0; buckets];
            for (&bucket, &count) in bucket_of_bin.iter().zip(counts).filter(|&(_, &count)| count > 0) {
                lengths[usize::from(bucket)] += count as usize;
            }
            lengths
        };
        self.counts.iter().map(of_part).collect()
    }

    /// Moves all scores to their buckets; parts write side by side, in the order of the input.
    fn fill<'e, E: Copy + Default + Send + 'e, F: Form<E>>(
        &self,
        buckets: impl ExactSizeIterator<Item = (&'e mut [E], F)>,
        lengths: Vec<Vec<usize>>,
        find: impl Find<S::Key>,
    ) {
        let mut slots: Vec<Vec<_>> = self.parts.iter().map(|_| Vec::with_capacity(buckets.len())).collect();
        for (bucket, (mut rest, form)) in buckets.enumerate() {
            for (slots, lengths) in slots.iter_mut().zip(&lengths) {
                let (own, after) = std::mem::take(&mut rest).split_at_mut(lengths[bucket]);
                slots.push((own.iter_mut(), form));
                rest = after;
            }
        }
        let jobs = self.parts.iter().cloned().zip(slots).collect();
        threads::map(jobs, self.threads, |(part, slots)| {
            widest(Scatter { scores: self.scores, part, find, slots });
        });
    }

    /// Joins neighbouring bins to buckets of about the wanted size, the change of the top bit apart.
    fn merge_bins(&self) -> (Vec<Span>, Vec<u16>) {
        let wanted = BUCKET.max(self.scores.len() / MOST_BUCKETS);
        let mut spans: Vec<Span> = Vec::new();
        let mut bucket_of_bin = Vec::with_capacity(self.grid.bins);
        for (bin, total) in self.totals().enumerate() {
            let parted = bin > 0 && self.grid.top(bin) != self.grid.top(bin - 1);
            match spans.last_mut() {
                Some(span) if !parted && span.range.len() + total <= wanted => span.range.end += total,
                last => {
                    let start = last.map_or(0, |span| span.range.end);
                    let lowest = self.grid.start(bin as u32).bin(0);
                    spans.push(Span {
                        range: start..start + total,
                        lowest,
                        shift: 0,
                        widest: 0,
                        exact: true,
                    });
                }
            }
            bucket_of_bin.push((spans.len() - 1) as u16);
        }
        let mut highest = self.ends[1].bin(0);
        for span in spans.iter_mut().rev() {
            let width = highest.saturating_sub(span.lowest);
            span.shift = (u64::BITS - width.leading_zeros()).saturating_sub(32);
            span.widest = width >> span.shift;
            span.exact = span.shift <= self.alike;
            highest = span.lowest.saturating_sub(1);
        }
        (spans, bucket_of_bin)
    }
}

/// Slices of the given lengths, one after the other.
pub(super) fn cut<T>(mut rest: &mut [T], lengths: impl Iterator<Item = usize>) -> Vec<&mut [T]> {
    let next = |length| {
        let (own, after) = std::mem::take(&mut rest).split_at_mut(length);
        rest = after;
        own
    };
    lengths.map(next).collect()
}

/// Counts scores in each bin, and finds the bits in which the keys differ from the ends of their range.
struct Count<'a, S: Score> {
    scores: &'a [S],
    grid: Grid<S::Key>,
    ends: [S::Key; 2],
}

impl<S: Score> Work for Count<'_, S> {
    type Output = (Vec<u32>, S::Key);

    #[inline(always)]
    fn run(self) -> Self::Output {
        let mut counts = vec![0; self.grid.bins];
        let mut bins = [0; BLOCK];
        let mut differing = S::Key::default();
        for scores in self.scores.chunks(BLOCK) {
            for (bin, score) in bins.iter_mut().zip(scores) {
                let key = score.key();
                *bin = self.grid.bin(key);
                let end = if key < S::Key::TOP { self.ends[0] } else { self.ends[1] };
                differing = differing.with_differing(key, end);
            }
            for &bin in &bins[..scores.len()] {
                counts[bin as usize] += 1;
            }
        }
        (counts, differing)
    }
}

/// What a score becomes in its bucket.
trait Form<E>: Copy + Send {
    fn entry(self, key: u64, position: u32) -> E;
}

/// Its position.
#[derive(Clone, Copy)]
struct Bare;

impl Form<u32> for Bare {
    #[inline(always)]
    fn entry(self, _key: u64, position: u32) -> u32 {
        position
    }
}

/// Its place, above its position.
#[derive(Clone, Copy)]
struct Place {
    lowest: u64,
    shift: u32,
}

impl Form<u64> for Place {
    #[inline(always)]
    fn entry(self, key: u64, position: u32) -> u64 {
        (key - self.lowest) >> self.shift << 32 | u64::from(position)
    }
}

/// Tells the buckets of keys.
trait Find<K>: Copy + Sync {
    fn find(self, keys: &[K], buckets: &mut [u32]);
}

/// By their bins.
#[derive(Clone, Copy)]
struct Binned<'a, K> {
    grid: Grid<K>,
    bucket_of_bin: &'a [u16],
}

impl<K: Key> Find<K> for Binned<'_, K> {
    #[inline(always)]
    fn find(self, keys: &[K], buckets: &mut [u32]) {
        for (bin, &key) in buckets.iter_mut().zip(keys) {
            *bin = self.grid.bin(key);
        }
        for bucket in &mut buckets[..keys.len()] {
            *bucket = u32::from(self.bucket_of_bin[*bucket as usize]);
        }
    }
}

/// By a table, from 1 on.
#[derive(Clone, Copy)]
struct Named<'a, K> {
    bucket_of_key: &'a Table<K, u32>,
}

impl<K: Key> Named<'_, K> {
    #[inline(always)]
    fn bucket(self, key: K) -> u32 {
        self.bucket_of_key.get(key).wrapping_sub(1)
    }
}

impl<K: Key> Find<K> for Named<'_, K> {
    #[inline(always)]
    fn find(self, keys: &[K], buckets: &mut [u32]) {
        for (bucket, &key) in buckets.iter_mut().zip(keys) {
            *bucket = self.bucket(key);
        }
    }
}

/// Counts scores in a table; None once they have too many values.
struct Tally<'a, S: Score> {
    scores: &'a [S],
    unused: S::Key,
}

impl<S: Score> Work for Tally<'_, S> {
    type Output = Option<Table<S::Key, u32>>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let mut table = Table::new(self.unused, 10);
        let mut keys = [S::Key::default(); BLOCK];
        for scores in self.scores.chunks(BLOCK) {
            for (key, score) in keys.iter_mut().zip(scores) {
                *key = score.key();
            }
            for &key in &keys[..scores.len()] {
                *table.value(key) += 1;
            }
            table = table.with_room(FEW)?;
        }
        Some(table)
    }
}

/// Moves a part of the scores to their buckets.
struct Scatter<'a, 'e, S, E, F, B> {
    scores: &'a [S],
    part: Range<usize>,
    find: B,
    slots: Vec<(IterMut<'e, E>, F)>,
}

impl<S: Score, E, F: Form<E>, B: Find<S::Key>> Work for Scatter<'_, '_, S, E, F, B> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let slots = self.slots.as_mut_slice();
        let (mut buckets, mut keys) = ([0; BLOCK], [S::Key::default(); BLOCK]);
        let mut position = self.part.start as u32;
        for scores in self.scores[self.part].chunks(BLOCK) {
            for (key, score) in keys.iter_mut().zip(scores) {
                *key = score.key();
            }
            let keys = &keys[..scores.len()];
            self.find.find(keys, &mut buckets);
            for (&bucket, key) in buckets.iter().zip(keys) {
                let (slots, form) = &mut slots[bucket as usize];
                if let Some(entry) = slots.next() {
                    *entry = form.entry(key.bin(0), position);
                }
                position = position.wrapping_add(1);
            }
        }
    }
}
