//! Samples that count with a weight.

use crate::bins::Bins;
use crate::double_double::DoubleDouble;
use crate::keys::{Key, Score};
use crate::partition::LONGEST;
use crate::platform::{Work, prefer_large_pages, widest};
use crate::ranking::{Entry, RankingError, Samples, check_lengths};
use crate::threads;
use crate::tie_sums;
use std::borrow::Cow;
use std::ops::Range;

/// A packed key and label with its weight, in halves: beside a key of 32 bits it takes 12 bytes, not 16.
#[derive(Clone, Copy, Default, PartialEq, PartialOrd)]
pub(crate) struct Weighted<K> {
    packed: K,
    weight: [u32; 2],
}

impl<K: Key> Weighted<K> {
    #[inline(always)]
    pub(crate) fn new(key: K, positive: bool, weight: f64) -> Self {
        let bits = weight.to_bits();
        Self { packed: key.pack(positive), weight: [bits as u32, (bits >> 32) as u32] }
    }

    #[inline(always)]
    pub(crate) fn weight(self) -> f64 {
        let [low, high] = self.weight;
        f64::from_bits(u64::from(high) << 32 | u64::from(low))
    }

    /// The sum over entries of the same score and label, whatever their order.
    pub(crate) fn sum(same: &[Self]) -> DoubleDouble {
        match same {
            [one] => one.mass(),
            several => tie_sums::sum(several.iter().map(|entry| entry.weight())),
        }
    }
}

impl<K: Key> Entry for Weighted<K> {
    type Key = K;
    type Mass = DoubleDouble;
    type Scratch = Order<K>;

    #[inline(always)]
    fn packed(self) -> K {
        self.packed
    }

    #[inline(always)]
    fn mass(self) -> DoubleDouble {
        DoubleDouble::from(self.weight())
    }

    fn zeros(count: usize) -> Vec<Self> {
        // Advice comes before the first write, which for a struct is here.
        let mut zeros = Vec::with_capacity(count);
        prefer_large_pages(zeros.spare_capacity_mut());
        zeros.resize(count, Self::default());
        zeros
    }

    fn sort(entries: &mut [Self], order: &mut Order<K>) {
        order.sort(entries);
    }
}

/// Sorts entries by words that hold their keys and places, and keeps the memory that this takes.
#[derive(Default)]
pub(crate) struct Order<K> {
    words: Vec<u64>,
    bins: Bins<u64>,
    sorted: Vec<Weighted<K>>,
}

/// Bits of a word below the key: the place of an entry in its bucket.
const PLACE: u32 = u16::BITS;

/// Bits of a word that the key has at most: the highest two stay free for what `Bins` fills in.
const KEY: u32 = u64::BITS - 2 - PLACE;

/// The entry that a word stands for.
#[inline(always)]
pub(crate) fn entry<K: Key>(word: u64, entries: &[Weighted<K>]) -> Weighted<K> {
    entries[(word & ((1 << PLACE) - 1)) as usize]
}

/// Whether the keys of two words agree, but for the lowest bits that a word may lack.
#[inline(always)]
pub(crate) fn are_near(a: u64, b: u64) -> bool {
    (a ^ b) >> PLACE == 0
}

impl<K: Key> Order<K> {
    /// Sorts entries by key and label.
    fn sort(&mut self, entries: &mut [Weighted<K>]) {
        if self.words(entries).is_none() {
            entries.sort_unstable_by_key(|entry| entry.packed);
            return;
        }
        self.sorted.clear();
        self.sorted.extend(self.words.iter().map(|&word| entry(word, entries)));
        entries.copy_from_slice(&self.sorted);
    }

    /// A word for each entry of a bucket, in the order of key and label; None where all are the same, or there are
    /// too many.
    pub(crate) fn words(&mut self, entries: &[Weighted<K>]) -> Option<&mut [u64]> {
        if entries.len() > LONGEST {
            return None;
        }
        let cut = widest(Words { words: &mut self.words, entries })?;
        self.bins.sort(&mut self.words);
        if cut > 0 {
            // Keys that differ in their last bits alone.
            for near in self.words.chunk_by_mut(|&a, &b| are_near(a, b)) {
                near.sort_unstable_by_key(|&word| entry(word, entries).packed);
            }
        }
        Some(&mut self.words)
    }
}

/// Writes a word for each entry: the distance of its key from the lowest, less so many bits, and its place. Returns
/// those bits; None where all are the same.
struct Words<'a, K> {
    words: &'a mut Vec<u64>,
    entries: &'a [Weighted<K>],
}

impl<K: Key> Work for Words<'_, K> {
    type Output = Option<u32>;

    #[inline(always)]
    fn run(self) -> Option<u32> {
        let first = self.entries.first()?.packed;
        let (mut min, mut max) = (first, first);
        for entry in self.entries {
            min = min.min(entry.packed);
            max = max.max(entry.packed);
        }
        if min == max {
            return None;
        }
        let range = max.less(min).bin(0);
        let cut = (u64::BITS - range.leading_zeros()).saturating_sub(KEY);
        self.words.clear();
        self.words.resize(self.entries.len(), 0);
        for (place, (word, entry)) in self.words.iter_mut().zip(self.entries).enumerate() {
            *word = entry.packed.less(min).bin(cut) << PLACE | place as u64;
        }
        Some(cut)
    }
}

/// Samples with weights; negative ones count negatively.
#[derive(Clone)]
pub(crate) struct WeightedSamples<'a, S: Clone> {
    scores: Cow<'a, [S]>,
    labels: Cow<'a, [u8]>,
    weights: Cow<'a, [f64]>,
    any_zero: bool,
    /// The largest magnitudes of the weights of negatives and of positives.
    largest: [f64; 2],
    /// What the weights of negatives and of positives are multiplied by.
    scales: [f64; 2],
}

impl<'a, S: Score> WeightedSamples<'a, S> {
    /// Weights as they are.
    pub(crate) fn new(scores: &'a [S], labels: &'a [u8], weights: &'a [f64]) -> Result<Self, RankingError> {
        check_lengths(scores, labels)?;
        check_lengths(scores, weights)?;
        let threads = threads::threads_for(weights.len());
        let parts = threads::parts(weights.len(), threads);
        let look = |part: Range<usize>| {
            widest(Magnitudes { labels: &labels[part.clone()], weights: &weights[part] })
        };
        let (mut smallest, mut largest) = (i64::MAX, [0; 2]);
        for (least, most) in threads::map(parts, threads, look) {
            smallest = smallest.min(least);
            largest = [largest[0].max(most[0]), largest[1].max(most[1])];
        }
        let largest = largest.map(|bits| f64::from_bits(bits as u64));
        if !(largest[0].is_finite() && largest[1].is_finite()) {
            let index = weights.iter().position(|weight| !weight.is_finite());
            return Err(RankingError::BadWeight { index: index.unwrap_or(0) });
        }
        if largest == [0.0; 2] {
            return Err(RankingError::NoWeight);
        }
        let (scores, labels, weights) = (scores.into(), labels.into(), weights.into());
        Ok(Self { scores, labels, weights, any_zero: smallest == 0, largest, scales: [1.0; 2] })
    }

    /// Without those whose weight is zero, for results that list scores: sums ignore them anyway.
    pub(crate) fn without_zeros(self) -> Self {
        if !self.any_zero {
            return self;
        }
        let (scores, labels) = (keep(&self.scores, &self.weights), keep(&self.labels, &self.weights));
        let weights = keep(&self.weights, &self.weights);
        Self { scores, labels, weights, any_zero: false, ..self }
    }

    /// Weights times the power of two that brings the largest near 1: ratios do not change, and products of
    /// sums cannot overflow.
    pub(crate) fn scaled(self) -> Self {
        Self { scales: [scale(self.largest[0].max(self.largest[1])); 2], ..self }
    }

    /// [`Self::scaled`] for each class on its own, where only the ratios within a class matter.
    pub(crate) fn scaled_by_class(self) -> Self {
        Self { scales: self.largest.map(scale), ..self }
    }
}

/// The power of two that brings a magnitude near 1.
fn scale(largest: f64) -> f64 {
    2.0_f64.powi(-((largest.to_bits() >> 52) as i32 - 1023).max(-1000))
}

/// What belongs to a weight other than zero.
fn keep<'a, T: Copy>(column: &[T], weights: &[f64]) -> Cow<'a, [T]> {
    let pairs = column.iter().zip(weights);
    Cow::Owned(pairs.filter(|(_, weight)| **weight != 0.0).map(|(&value, _)| value).collect())
}

/// The bits of the smallest magnitude, and of the largest of negatives and of positives; those of infinity and NaN
/// are above all others.
struct Magnitudes<'a> {
    labels: &'a [u8],
    weights: &'a [f64],
}

impl Work for Magnitudes<'_> {
    type Output = (i64, [i64; 2]);

    #[inline(always)]
    fn run(self) -> (i64, [i64; 2]) {
        let mut lanes = Lanes { smallest: [i64::MAX; WIDTH], largest: [[0; WIDTH]; 2] };
        let (rows, rest) = self.weights.as_chunks();
        let (label_rows, label_rest) = self.labels.as_chunks();
        for (labels, weights) in label_rows.iter().zip(rows) {
            lanes.add(labels, weights);
        }
        if let Some((&label, &weight)) = label_rest.first().zip(rest.first()) {
            let (mut labels, mut weights) = ([label; WIDTH], [weight; WIDTH]);
            labels[..rest.len()].copy_from_slice(label_rest);
            weights[..rest.len()].copy_from_slice(rest);
            lanes.add(&labels, &weights);
        }
        let most = lanes.largest.map(|lanes| lanes.into_iter().fold(0, i64::max));
        (lanes.smallest.into_iter().fold(i64::MAX, i64::min), most)
    }
}

/// Weights looked at together: the compiler keeps several in a register.
const WIDTH: usize = 32;

/// Extremes of every `WIDTH`th weight.
struct Lanes {
    smallest: [i64; WIDTH],
    largest: [[i64; WIDTH]; 2],
}

impl Lanes {
    #[inline(always)]
    fn add(&mut self, labels: &[u8; WIDTH], weights: &[f64; WIDTH]) {
        let mut magnitudes = [0; WIDTH];
        for (magnitude, weight) in magnitudes.iter_mut().zip(weights) {
            *magnitude = weight.abs().to_bits() as i64;
        }
        for (smallest, &magnitude) in self.smallest.iter_mut().zip(&magnitudes) {
            *smallest = if magnitude < *smallest { magnitude } else { *smallest };
        }
        let [negatives, positives] = &mut self.largest;
        for ((largest, &magnitude), &label) in negatives.iter_mut().zip(&magnitudes).zip(labels) {
            let magnitude = if label == 0 { magnitude } else { 0 };
            *largest = if magnitude > *largest { magnitude } else { *largest };
        }
        for ((largest, &magnitude), &label) in positives.iter_mut().zip(&magnitudes).zip(labels) {
            let magnitude = if label == 0 { 0 } else { magnitude };
            *largest = if magnitude > *largest { magnitude } else { *largest };
        }
    }
}

impl<S: Score> Samples for WeightedSamples<'_, S> {
    type Entry = Weighted<S::Key>;

    fn count(&self) -> usize {
        self.scores.len()
    }

    #[inline(always)]
    fn entries(&self, range: Range<usize>) -> impl Iterator<Item = (S::Key, Weighted<S::Key>)> {
        let labels = self.labels[range.clone()].iter();
        let weights = self.weights[range.clone()].iter();
        let samples = self.scores[range].iter().zip(labels).zip(weights);
        let [negative, positive] = self.scales;
        samples.map(move |((&score, &label), &weight)| {
            let key = score.key();
            let weight = weight * if label == 0 { negative } else { positive };
            (key, Weighted::new(key, label != 0, weight))
        })
    }
}
