//! Isotonic regression: the non-decreasing function that is nearest to the data in weighted squares.

use crate::keys::Score;
use crate::order::Order;
use crate::ranking::RankingError;

/// A non-decreasing function as the ends of the blocks in which it is constant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Isotonic {
    /// First and last distinct number of each block, ascending; one entry for a block of one.
    pub thresholds: Vec<f64>,
    /// The value of the function there, which never falls.
    pub values: Vec<f64>,
}

/// Neighbours that share one value: their mean.
#[derive(Clone, Copy)]
struct Block {
    first: f64,
    last: f64,
    weight: f64,
    sum: f64,
}

impl Block {
    fn mean(self) -> f64 {
        self.sum / self.weight
    }

    fn join(self, next: Self) -> Self {
        Self { last: next.last, weight: self.weight + next.weight, sum: self.sum + next.sum, ..self }
    }
}

/// Fits by pooling adjacent violators: equal numbers are one, with their weighted mean; then a block that is
/// not above the one before it joins it. O(n) after a sort; 24 bytes a number and 32 a block beside the sort.
///
/// The targets must be finite; weights are positive, or zero for what is to be left out.
///
/// # Errors
/// [`RankingError`]: no numbers, NaN, lengths that differ, or no weight.
///
/// ```
/// use lossary_core::isotonic::isotonic;
/// let fit = isotonic(&[1.0, 2.0, 3.0, 4.0], &[0.0, 1.0, 0.0, 1.0], None)?;
/// assert_eq!(fit.thresholds, [1.0, 2.0, 3.0, 4.0]);
/// assert_eq!(fit.values, [0.0, 0.5, 0.5, 1.0]);
/// # Ok::<(), lossary_core::ranking::RankingError>(())
/// ```
///
/// Source: Ayer, Brunk, Ewing, Reid and Silverman, An empirical distribution function for sampling with
/// incomplete information, Annals of Mathematical Statistics 26, 1955.
pub fn isotonic<S: Score>(
    numbers: &[S],
    targets: &[f64],
    weights: Option<&[f64]>,
) -> Result<Isotonic, RankingError> {
    let scores = numbers.len();
    for other in [targets.len(), weights.map_or(scores, <[f64]>::len)] {
        if other != scores {
            return Err(RankingError::LengthMismatch { scores, other });
        }
    }
    let order = Order::of(numbers)?;
    let mut blocks: Vec<Block> = Vec::new();
    for group in order.groups() {
        let Some(&first) = group.first() else { continue };
        let number = S::value(numbers[first as usize].key());
        let (mut weight, mut sum) = (0.0, 0.0);
        for &position in group {
            let (share, target) = (weights.map_or(1.0, |w| w[position as usize]), targets[position as usize]);
            weight += share;
            sum += share * target;
        }
        if weight <= 0.0 {
            continue;
        }
        let mut block = Block { first: number, last: number, weight, sum };
        while let Some(before) = blocks.pop_if(|before| before.mean() >= block.mean()) {
            block = before.join(block);
        }
        blocks.push(block);
    }
    if blocks.is_empty() {
        return Err(RankingError::NoWeight);
    }
    let mut fit = Isotonic::default();
    for block in blocks {
        let ends = if block.first == block.last { 1 } else { 2 };
        fit.thresholds.extend([block.first, block.last].iter().take(ends));
        fit.values.extend(std::iter::repeat_n(block.mean(), ends));
    }
    Ok(fit)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The max-min formula: the value at the k-th distinct number is the largest, over blocks that start at or
    /// before it, of the smallest mean over those that end at or after it.
    fn oracle(numbers: &[f64], targets: &[f64], weights: &[f64]) -> Vec<(f64, f64)> {
        let mut distinct: Vec<f64> = numbers.to_vec();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        let mean = |from: f64, to: f64| {
            let inside = || (0..numbers.len()).filter(|&i| (from..=to).contains(&numbers[i]));
            inside().map(|i| weights[i] * targets[i]).sum::<f64>() / inside().map(|i| weights[i]).sum::<f64>()
        };
        let value = |k: usize| {
            let worst =
                |&from: &f64| distinct[k..].iter().map(|&to| mean(from, to)).fold(f64::INFINITY, f64::min);
            distinct[..=k].iter().map(worst).fold(f64::NEG_INFINITY, f64::max)
        };
        (0..distinct.len()).map(|k| (distinct[k], value(k))).collect()
    }

    /// The fit at a number between its ends.
    fn at(fit: &Isotonic, number: f64) -> f64 {
        let last = fit.thresholds.partition_point(|&threshold| threshold <= number) - 1;
        fit.values[last]
    }

    proptest! {
        #[test]
        fn the_fit_is_that_of_the_max_min_formula(
            samples in prop::collection::vec((0_u8..12, -4_i8..4, 1_u8..5), 1..30),
            weigh in any::<bool>(),
        ) {
            let numbers: Vec<f64> = samples.iter().map(|sample| f64::from(sample.0) / 4.0 - 1.0).collect();
            let targets: Vec<f64> = samples.iter().map(|sample| f64::from(sample.1)).collect();
            let weights: Vec<f64> = samples.iter().map(|sample| if weigh { f64::from(sample.2) } else { 1.0 }).collect();
            let fit = isotonic(&numbers, &targets, weigh.then_some(&weights)).unwrap();
            for (number, value) in oracle(&numbers, &targets, &weights) {
                prop_assert!((at(&fit, number) - value).abs() < 1e-12, "{fit:?} at {number}: {value}");
            }
            prop_assert!(fit.values.is_sorted());
            prop_assert!(fit.thresholds.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn what_weighs_nothing_is_left_out() {
        let fit = isotonic(&[1.0, 2.0, 3.0], &[5.0, 1.0, 2.0], Some(&[0.0, 1.0, 1.0])).unwrap();
        assert_eq!((fit.thresholds, fit.values), (vec![2.0, 3.0], vec![1.0, 2.0]));
        assert_eq!(isotonic(&[1.0], &[5.0], Some(&[0.0])), Err(RankingError::NoWeight));
    }

    #[test]
    fn bad_input_is_refused() {
        assert_eq!(isotonic::<f64>(&[], &[], None), Err(RankingError::Empty));
        assert_eq!(isotonic(&[f64::NAN], &[0.0], None), Err(RankingError::BadScore { index: 0 }));
        assert!(matches!(isotonic(&[1.0], &[], None), Err(RankingError::LengthMismatch { .. })));
        assert!(matches!(isotonic(&[1.0], &[1.0], Some(&[])), Err(RankingError::LengthMismatch { .. })));
    }
}
