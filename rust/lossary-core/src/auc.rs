//! The area under the ROC curve, exactly: wins and ties between positives and negatives are counted as integers.
//!
//! AUC is the probability that a random positive scores above a random negative, a tie counting one half
//! (the Mann-Whitney statistic): `U2 / (2 P N)`, where `U2` is twice the wins plus the ties.
//! Source: Hanley and McNeil, The meaning and use of the area under a receiver operating characteristic (ROC)
//! curve, Radiology 143, 1982.

use crate::bins::Bins;
use crate::double_double::DoubleDouble;
use crate::few;
use crate::keys::{Key, Score};
use crate::partition::partition;
use crate::ranking::{Counted, Entry, Mass, RankingError, survey};
use crate::threads;
use crate::weighted_area;
use crate::weights::{Order, Weighted, WeightedSamples};

/// Wins and ties of positives over negatives, and how many there are of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Auc {
    /// Pairs in which the positive scores higher, twice, plus pairs that tie, once.
    pub twice_wins: u128,
    /// Number of positives.
    pub positives: u64,
    /// Number of negatives.
    pub negatives: u64,
}

impl Auc {
    /// The area, or None when a class is missing. The error is at most 2 units in the last place.
    pub fn value(&self) -> Option<f64> {
        let pairs = u128::from(self.positives) * u128::from(self.negatives);
        (pairs > 0).then(|| self.twice_wins as f64 / (2 * pairs) as f64)
    }

    /// A group of equal scores: every pair is a tie.
    pub(crate) fn tied(positives: u64, negatives: u64) -> Self {
        Self { twice_wins: u128::from(positives) * u128::from(negatives), positives, negatives }
    }

    /// The counts of the union with samples that all score higher.
    ///
    /// ```
    /// use lossary_core::auc::roc_auc;
    /// let low = roc_auc(&[1.0, 2.0], &[0, 1])?;
    /// let high = roc_auc(&[3.0, 4.0], &[1, 0])?;
    /// assert_eq!(low.followed_by(high), roc_auc(&[1.0, 2.0, 3.0, 4.0], &[0, 1, 1, 0])?);
    /// # Ok::<(), lossary_core::ranking::RankingError>(())
    /// ```
    #[must_use]
    pub fn followed_by(self, higher: Self) -> Self {
        let across = u128::from(higher.positives) * u128::from(self.negatives);
        Self {
            twice_wins: self.twice_wins + higher.twice_wins + 2 * across,
            positives: self.positives + higher.positives,
            negatives: self.negatives + higher.negatives,
        }
    }
}

/// Counts wins and ties. A label of 0 is negative, any other is positive.
///
/// The same as `for p in positives { for n in negatives { twice_wins += 2 * (p > n) + (p == n) } }`, in
/// O(n log n) time at worst and one packed copy (4 or 8 bytes a score) of memory; constant and sorted scores
/// take one scan and no memory.
///
/// # Errors
/// [`RankingError`]: no scores, lengths that differ, or a NaN. Infinite scores are ranked.
///
/// ```
/// let auc = lossary_core::auc::roc_auc(&[0.1, 0.4, 0.35, 0.8], &[0, 0, 1, 1])?;
/// assert_eq!((auc.twice_wins, auc.value()), (6, Some(0.75))); // 3 of 4 pairs are won
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn roc_auc<S: Score>(scores: &[S], labels: &[u8]) -> Result<Auc, RankingError> {
    let samples = Counted::new(scores, labels)?;
    let survey = survey(scores)?;
    if survey.rising && survey.falling {
        let positives = labels.iter().map(|&label| u64::from(label != 0)).sum();
        return Ok(Auc::tied(positives, labels.len() as u64 - positives));
    }
    if survey.rising {
        return Ok(count_sorted(samples.pairs()));
    }
    if survey.falling {
        return Ok(count_sorted(samples.pairs().rev()));
    }
    if let Some(tie_groups) = few::tie_groups(scores, labels, &survey) {
        let counts = tie_groups.iter().map(|group| Auc::tied(group.positives, group.negatives));
        return Ok(counts.fold(Auc::default(), Auc::followed_by));
    }
    let mut buckets = partition(&samples, &survey);
    let threads = threads::threads_for(scores.len());
    let counts = threads::map_with(buckets.iter_mut(), threads, Bins::default, |bins, bucket| {
        bins.count(bucket.entries)
    });
    Ok(counts.into_iter().fold(Auc::default(), Auc::followed_by))
}

/// Counts scores that ascend, tie group by tie group.
fn count_sorted<S: Score>(pairs: impl Iterator<Item = (S, bool)>) -> Auc {
    let (mut done, mut positives, mut negatives, mut current) = (Auc::default(), 0, 0, None);
    for (score, positive) in pairs {
        if current.is_some_and(|current| current != score) {
            done = done.followed_by(Auc::tied(positives, negatives));
            (positives, negatives) = (0, 0);
        }
        current = Some(score);
        positives += u64::from(positive);
        negatives += u64::from(!positive);
    }
    done.followed_by(Auc::tied(positives, negatives))
}

/// The weighted form of [`Auc`]; its sums carry about 106 bits.
#[derive(Debug, Clone, Copy, Default)]
pub struct WeightedAuc {
    pub(crate) twice_wins: DoubleDouble,
    pub(crate) positives: DoubleDouble,
    pub(crate) negatives: DoubleDouble,
    /// Some tie group has a negative sum of weights of the negatives, so the curve runs backwards there.
    pub turns_back: bool,
}

impl WeightedAuc {
    /// The area, or None when a class has no weight in total.
    pub fn value(&self) -> Option<f64> {
        let (positives, negatives) = (self.positives.to_f64(), self.negatives.to_f64());
        (positives > 0.0 && negatives > 0.0).then(|| self.twice_wins.to_f64() / (2.0 * positives * negatives))
    }

    pub(crate) fn followed_by(self, higher: Self) -> Self {
        let across = higher.positives * self.negatives;
        Self {
            twice_wins: self.twice_wins.add(higher.twice_wins).add(across).add(across),
            positives: self.positives.add(higher.positives),
            negatives: self.negatives.add(higher.negatives),
            turns_back: self.turns_back || higher.turns_back,
        }
    }

    /// The sums of entries that ascend.
    pub(crate) fn of_sorted<K: Key>(entries: &[Weighted<K>]) -> Self {
        let groups = entries.chunk_by(|a, b| a.packed().tie_group() == b.packed().tie_group());
        groups.fold(Self::default(), |lower, group| lower.followed_by(Self::tied(group)))
    }

    fn tied<K: Key>(group: &[Weighted<K>]) -> Self {
        let (negatives, positives) =
            group.split_at(group.partition_point(|entry| !entry.packed().is_positive()));
        let (negatives, positives) = (Weighted::sum(negatives), Weighted::sum(positives));
        Self { twice_wins: positives * negatives, positives, negatives, turns_back: negatives.to_f64() < 0.0 }
    }
}

/// [`roc_auc`] where a pair counts the product of its weights. Zero weights drop out.
///
/// Takes O(n log n) time and 12 or 16 bytes of memory a sample. Sums carry about 106 bits, and do not depend on the
/// order of the samples.
///
/// # Errors
/// As [`roc_auc`], and for weights that are not finite or all zero.
///
/// ```
/// let auc = lossary_core::auc::weighted_roc_auc(&[1.0, 2.0, 3.0], &[0, 1, 0], &[2.0, 1.0, 1.0])?;
/// assert_eq!(auc.value(), Some(2.0 / 3.0)); // wins against weight 2 of 3
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
pub fn weighted_roc_auc<S: Score>(
    scores: &[S],
    labels: &[u8],
    weights: &[f64],
) -> Result<WeightedAuc, RankingError> {
    let samples = WeightedSamples::new(scores, labels, weights)?.scaled_by_class();
    let survey = survey(scores)?;
    let mut buckets = partition(&samples, &survey);
    let threads = threads::threads_for(scores.len());
    let sums = threads::map_with(buckets.iter_mut(), threads, Order::default, |order, bucket| {
        weighted_area::of_bucket(order, bucket.entries)
    });
    Ok(sums.into_iter().fold(WeightedAuc::default(), WeightedAuc::followed_by))
}
