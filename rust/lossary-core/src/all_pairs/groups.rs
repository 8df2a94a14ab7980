//! Losses over the pairs within groups: queries, users.

use super::direct::MOST_PAIRS;
use super::samples::Pairs;
use super::{AllPairsError, Parameters, Side, Sums, Surrogate, mean};
use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::ranking::Mass;
use crate::threads;
use std::ops::Range;

/// A job takes groups of about this many samples together.
const JOB: usize = MOST_PAIRS;

/// A group this large gets all threads for itself.
const LARGE: usize = 1 << 17;

/// How groups count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Averaging {
    /// The mean over groups of the mean over their pairs.
    Groups,
    /// The mean over the pairs of all groups: a group counts by its pairs, or by their weight.
    Pairs,
}

/// [`all_pairs`](super::all_pairs) over the pairs whose samples share a group.
///
/// Samples lie group after group: group g has the positives from `offsets.0[g]` to `offsets.0[g + 1]`, and the
/// negatives from `offsets.1[g]` to `offsets.1[g + 1]`. Groups without a pair, or without weight in a class, do not
/// count, and their gradients are 0.
///
/// # Errors
/// As [`all_pairs`](super::all_pairs), and for offsets that do not fit; no pairs where no group has any.
///
/// ```
/// use lossary_core::all_pairs::{Averaging, Parameters, Surrogate, grouped_all_pairs};
/// // Differences 1 and 0 in the first group, 3 in the second.
/// let (scores, offsets) = ((&[1.0, 5.0], &[0.0, 1.0, 2.0]), (&[0, 1, 2][..], &[0, 2, 3][..]));
/// let mean = |averaging| {
///     let parameters = Parameters { margin: 4.0, ..Parameters::default() };
///     grouped_all_pairs(Surrogate::Hinge, scores.0, scores.1, None, offsets, averaging, &parameters)
/// };
/// assert_eq!(mean(Averaging::Groups)?.value, 2.25); // of 3.5 and 1
/// assert_eq!(mean(Averaging::Pairs)?.value, 8.0 / 3.0); // of 3, 4 and 1
/// # Ok::<(), lossary_core::all_pairs::AllPairsError>(())
/// ```
pub fn grouped_all_pairs<S: Score + Into<f64>>(
    surrogate: Surrogate,
    positives: &[S],
    negatives: &[S],
    weights: Option<(&[f64], &[f64])>,
    offsets: (&[usize], &[usize]),
    averaging: Averaging,
    parameters: &Parameters,
) -> Result<Sums, AllPairsError> {
    parameters.check()?;
    let all = Pairs::new(positives, negatives, weights)?;
    let rows = (
        ranges(offsets.0, positives.len(), Side::Positives)?,
        ranges(offsets.1, negatives.len(), Side::Negatives)?,
    );
    if rows.0.len() != rows.1.len() {
        return Err(AllPairsError::BadGroups { side: Side::Negatives });
    }
    let groups: Vec<_> = rows.0.into_iter().zip(rows.1).collect();
    let within = |(own, other): &(Range<usize>, Range<usize>)| {
        let pairs = Pairs {
            positives: all.positives.group(own.clone()),
            negatives: all.negatives.group(other.clone()),
        };
        let mass = pairs.positives.total * pairs.negatives.total;
        if mass > 0.0 { mean(surrogate, &pairs, parameters).map(|sums| Some((sums, mass))) } else { Ok(None) }
    };
    let size = |(own, other): &(Range<usize>, Range<usize>)| own.len() + other.len();
    let threads = match groups.iter().map(size).max() {
        Some(..LARGE) => threads::threads_for(all.samples()),
        _ => 1,
    };
    let mut samples = 0;
    let jobs = groups.chunk_by(|group, _| {
        samples += size(group);
        let joined = samples < JOB;
        samples = if joined { samples } else { 0 };
        joined
    });
    let job = |groups: &[_]| groups.iter().map(within).collect::<Result<Vec<_>, _>>();
    let parts: Result<Vec<Vec<_>>, _> = threads::map(jobs.collect(), threads, job).into_iter().collect();
    let parts = parts?.into_iter().flatten().zip(&groups);
    let parts: Vec<_> =
        parts.filter_map(|(part, group)| part.map(|(sums, mass)| (sums, mass, group))).collect();

    let share = |mass: f64| match averaging {
        Averaging::Groups => 1.0,
        Averaging::Pairs => mass,
    };
    let total = DoubleDouble::sum(parts.iter().map(|(_, mass, _)| share(*mass))).to_f64();
    if parts.is_empty() {
        return Err(AllPairsError::NoPairs { positives: positives.len(), negatives: negatives.len() });
    }
    let mut value = DoubleDouble::default();
    let (mut of_positives, mut of_negatives) = (vec![0.0; positives.len()], vec![0.0; negatives.len()]);
    for (sums, mass, (own, other)) in parts {
        let share = share(mass) / total;
        value = value.add_product(sums.value, share);
        for (all, part) in [
            (&mut of_positives[own.clone()], sums.of_positives),
            (&mut of_negatives[other.clone()], sums.of_negatives),
        ] {
            all.iter_mut().zip(part).for_each(|(all, slope)| *all = slope * share);
        }
    }
    Ok(Sums { value: value.to_f64(), of_positives, of_negatives })
}

fn ranges(offsets: &[usize], scores: usize, side: Side) -> Result<Vec<Range<usize>>, AllPairsError> {
    let fit = offsets.first() == Some(&0) && offsets.last() == Some(&scores) && offsets.is_sorted();
    if fit {
        Ok(offsets.windows(2).map(|pair| pair[0]..pair[1]).collect())
    } else {
        Err(AllPairsError::BadGroups { side })
    }
}
