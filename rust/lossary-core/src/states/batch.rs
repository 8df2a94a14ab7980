//! One batch of samples to a sorted run.

use crate::keys::{Key, Score};
use crate::partition::{Bucket, Buckets, partition};
use crate::ranking::{Counted, Entry, Mass, RankingError, check_finite, check_lengths, survey};
use crate::states::error::StateError;
use crate::states::tally::{Narrow, Tally, Weighed, Wide};
use crate::states::units::in_integer_units;
use crate::threads;
use crate::weights::WeightedSamples;

/// From this many samples on, a count may not fit 31 bits.
pub(crate) const NARROW_SAMPLES: u64 = 1 << 31;

/// A score that a state can hold: any number that a double holds.
pub trait StateScore: Score {
    /// The same number; None for an integer that no double holds.
    fn as_double(self) -> Option<f64>;
}

macro_rules! impl_state_score {
    ($($small:ty),*; $($large:ty),*) => {
        $(impl StateScore for $small {
            #[inline(always)]
            fn as_double(self) -> Option<f64> {
                Some(f64::from(self))
            }
        })*
        $(impl StateScore for $large {
            #[inline(always)]
            fn as_double(self) -> Option<f64> {
                // The largest integers round up to a power of two, which the cast back would clamp.
                let double = self as f64;
                (double as i128 == i128::from(self)).then_some(double)
            }
        })*
    };
}

impl_state_score!(i8, i16, i32, u8, u16, u32, f32, f64; i64, u64);

/// The tallies of a batch that counts 1 a sample, in the smallest form.
pub(crate) enum Counts {
    Narrow(Vec<Narrow>),
    Wide(Vec<Wide>),
}

/// Refuses what a state cannot hold; an empty batch is fine.
pub(crate) fn check<S: StateScore>(
    scores: &[S],
    labels: &[u8],
    weights: Option<&[f64]>,
) -> Result<(), StateError> {
    for length in [Some(labels.len()), weights.map(<[f64]>::len)].into_iter().flatten() {
        if length != scores.len() {
            return Err(RankingError::LengthMismatch { scores: scores.len(), other: length }.into());
        }
    }
    check_finite(scores)?;
    if let Some(index) = scores.iter().position(|score| score.as_double().is_none()) {
        return Err(StateError::InexactScore { index });
    }
    let weights = weights.unwrap_or_default();
    if let Some(index) = weights.iter().position(|weight| !weight.is_finite()) {
        return Err(RankingError::BadWeight { index }.into());
    }
    match weights.iter().position(|&weight| weight < 0.0) {
        Some(index) => Err(StateError::NegativeWeight { index }),
        None => Ok(()),
    }
}

/// Sorts and counts; the batch must be checked.
pub(crate) fn count<S: StateScore>(scores: &[S], labels: &[u8]) -> Result<Counts, StateError> {
    if scores.is_empty() {
        return Ok(Counts::Narrow(Vec::new()));
    }
    let mut buckets = partition(&Counted::new(scores, labels)?, &survey(scores)?);
    let sorted = sort::<S, _>(&mut buckets);
    let narrow = (scores.len() as u64) < NARROW_SAMPLES && sorted.iter().all(|part| part.narrow);
    Ok(if narrow {
        Counts::Narrow(gather::<S, _, _>(sorted, counted))
    } else {
        Counts::Wide(gather::<S, _, _>(sorted, counted))
    })
}

fn counted<E, T: Tally<Amount = u64>>(same: &[E], score: f64, positive: bool) -> T {
    T::new(score, positive, same.len() as u64)
}

/// Sorts and sums weights in units of two to the given power; the batch must be checked.
pub(crate) fn weigh<S: StateScore>(
    scores: &[S],
    labels: &[u8],
    weights: &[f64],
    unit: i32,
) -> Result<Vec<Weighed>, StateError> {
    check_lengths(scores, labels)?;
    let samples = WeightedSamples::new(scores, labels, weights)?.without_zeros();
    let mut buckets = partition(&samples, &survey(scores)?);
    Ok(gather::<S, _, _>(sort::<S, _>(&mut buckets), |same, score, positive| {
        let sum = same.iter().map(|entry| in_integer_units(entry.mass().to_f64(), unit)).sum();
        Weighed::new(score, positive, sum)
    }))
}

/// The same tally in the wider form.
pub(crate) fn widen(narrow: Narrow) -> Wide {
    Wide::new(narrow.score(), narrow.positive(), narrow.amount())
}

/// A sorted bucket.
struct Sorted<'a, E> {
    bucket: Bucket<'a, E>,
    /// Number of distinct scores, those of both classes twice.
    places: usize,
    /// All scores are single-precision numbers.
    narrow: bool,
}

/// Entries of one score and class, with the score and whether they are positive.
fn places<'a, S: Score, E: Entry<Key = S::Key>>(
    bucket: &'a Bucket<'_, E>,
) -> impl Iterator<Item = (&'a [E], f64, bool)> {
    let same_place = bucket.entries.chunk_by(|a, b| a.packed() == b.packed());
    same_place.filter_map(|same| {
        let first = same.first()?.packed();
        Some((same, S::value(first.unpack(bucket.top)), first.is_positive()))
    })
}

fn sort<S: Score, E: Entry<Key = S::Key>>(buckets: &mut Buckets<E>) -> Vec<Sorted<'_, E>> {
    let jobs = buckets.iter_mut();
    let threads = threads::threads_for(jobs.iter().map(|bucket| bucket.entries.len()).sum());
    threads::map_with(jobs, threads, E::Scratch::default, |scratch, bucket| {
        E::sort(bucket.entries, scratch);
        let narrow = places::<S, E>(&bucket).all(|(_, score, _)| Narrow::holds(score));
        Sorted { places: places::<S, E>(&bucket).count(), narrow, bucket }
    })
}

/// One tally for each score and class, in one allocation: pages that are touched first cost more than the work.
fn gather<S: Score, E: Entry<Key = S::Key>, T: Tally>(
    sorted: Vec<Sorted<'_, E>>,
    tally: impl Fn(&[E], f64, bool) -> T + Sync,
) -> Vec<T> {
    let mut tallies = vec![T::default(); sorted.iter().map(|part| part.places).sum()];
    let threads = threads::threads_for(tallies.len());
    let mut rest = tallies.as_mut_slice();
    let mut jobs = Vec::with_capacity(sorted.len());
    for part in sorted {
        let (own, after) = std::mem::take(&mut rest).split_at_mut(part.places);
        rest = after;
        jobs.push((part, own));
    }
    threads::map(jobs, threads, |(part, tallies)| {
        for (slot, (same, score, positive)) in tallies.iter_mut().zip(places::<S, E>(&part.bucket)) {
            *slot = tally(same, score, positive);
        }
    });
    tallies
}
