//! One batch of samples to a sorted run.

use crate::bucket_sort::sort_bucket;
use crate::keys::{Key, Score};
use crate::partition::partition;
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
    let fits = (scores.len() as u64) < NARROW_SAMPLES;
    let counted = threads::map(buckets.iter_mut(), threads::threads_for(scores.len()), |bucket| {
        sort_bucket(bucket.entries);
        let narrow = if fits { tallies::<S, Narrow>(bucket.entries, bucket.top) } else { None };
        match narrow {
            Some(narrow) => Counts::Narrow(narrow),
            // Every double is held.
            None => Counts::Wide(tallies::<S, Wide>(bucket.entries, bucket.top).unwrap_or_default()),
        }
    });
    if counted.iter().all(|counts| matches!(counts, Counts::Narrow(_))) {
        let parts = counted.into_iter().filter_map(|counts| match counts {
            Counts::Narrow(narrow) => Some(narrow),
            Counts::Wide(_) => None,
        });
        return Ok(Counts::Narrow(parts.collect::<Vec<_>>().concat()));
    }
    let parts = counted.into_iter().map(|counts| match counts {
        Counts::Narrow(narrow) => narrow.into_iter().map(widen).collect(),
        Counts::Wide(wide) => wide,
    });
    Ok(Counts::Wide(parts.collect::<Vec<_>>().concat()))
}

/// The same tally in the wider form.
pub(crate) fn widen(narrow: Narrow) -> Wide {
    Wide::new(narrow.score(), narrow.positive(), narrow.amount())
}

/// Tallies of a sorted bucket; None when the form does not hold a score.
fn tallies<S: Score, T: Tally<Amount = u64>>(entries: &[S::Key], top: bool) -> Option<Vec<T>> {
    let mut tallies = Vec::with_capacity(entries.len());
    for same in entries.chunk_by(|a, b| a == b) {
        let (first, count) = (same.first()?, same.len() as u64);
        let score = S::value(first.unpack(top));
        if !T::holds(score) {
            return None;
        }
        tallies.push(T::new(score, first.is_positive(), count));
    }
    Some(tallies)
}

/// Sorts and sums weights in units of two to the given power; the batch must be checked.
pub(crate) fn weigh<S: StateScore>(
    scores: &[S],
    labels: &[u8],
    weights: &[f64],
    unit: i32,
) -> Result<Vec<Weighed>, StateError> {
    check_lengths(scores, labels)?;
    let samples = WeightedSamples::new(scores, labels, weights)?;
    let mut buckets = partition(&samples, &survey(scores)?);
    let parts = threads::map(buckets.iter_mut(), threads::threads_for(scores.len()), |bucket| {
        sort_bucket(bucket.entries);
        let same_place = bucket.entries.chunk_by(|a, b| a.packed() == b.packed());
        let tallies = same_place.filter_map(|same| {
            let first = same.first()?.packed();
            let sum = same.iter().map(|entry| in_integer_units(entry.mass().to_f64(), unit)).sum();
            Some(Weighed::new(S::value(first.unpack(bucket.top)), first.is_positive(), sum))
        });
        tallies.collect::<Vec<_>>()
    });
    Ok(parts.concat())
}
