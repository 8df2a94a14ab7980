//! Spearman's rho: the correlation of mid-ranks, whose sums of products are integers.
//!
//! Source: Spearman, The proof and measurement of association between two things, American Journal of Psychology
//! 15, 1904; Student's t: Kendall, Rank Correlation Methods, 4th edition, 1970.

use crate::kendall::repeated;
use crate::order::Order;
use crate::ranking::RankingError;
use crate::significance::{Alternative, TestError};
use crate::special::incomplete_beta;

/// Sums of products of centred mid-ranks, each doubled so that it is an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spearman {
    /// Number of samples.
    pub samples: u64,
    /// First times second mid-rank.
    pub products: i128,
    /// Squares of the first and of the second mid-ranks.
    pub squares: [u128; 2],
}

impl Spearman {
    /// Adds up products in O(n) time and 8 bytes of memory a sample.
    ///
    /// # Errors
    /// [`RankingError::LengthMismatch`].
    ///
    /// ```
    /// use lossary_core::{order::Order, spearman::Spearman};
    /// let sums = Spearman::of(&Order::of(&[1, 2, 3])?, &Order::of(&[0.5, 0.2, 0.9])?)?;
    /// assert_eq!((sums.products, sums.squares), (4, [8, 8])); // ranks (1, 2, 3) and (2, 1, 3), centred and doubled
    /// assert_eq!(sums.rho(), Some(0.5));
    /// # Ok::<(), lossary_core::ranking::RankingError>(())
    /// ```
    pub fn of(first: &Order, second: &Order) -> Result<Self, RankingError> {
        Self::weighed(first, second, first.len() as u64, |_| 1)
    }

    /// The sums after each sample is repeated some number of times, without sorting again.
    ///
    /// # Errors
    /// [`RankingError`]: lengths that differ, or 2^32 samples in all.
    pub fn of_repeated(first: &Order, second: &Order, times: &[u32]) -> Result<Self, RankingError> {
        let samples = repeated(first.len(), times)?;
        Self::weighed(first, second, samples, |position| i64::from(times[position as usize]))
    }

    fn weighed(
        first: &Order,
        second: &Order,
        samples: u64,
        times: impl Fn(u32) -> i64,
    ) -> Result<Self, RankingError> {
        if first.len() != second.len() {
            return Err(RankingError::LengthMismatch { scores: second.len(), other: first.len() });
        }
        let mut ranks = vec![0_i64; first.len()];
        let mut squares = [0; 2];
        let mut before = 0;
        for group in first.groups() {
            let size: i64 = group.iter().map(|&position| times(position)).sum();
            let rank = 2 * before + size - samples as i64;
            before += size;
            squares[0] += u128::from(rank.unsigned_abs().pow(2)) * size as u128;
            for &position in group {
                ranks[position as usize] = rank * times(position);
            }
        }
        let mut products = 0;
        before = 0;
        for group in second.groups() {
            let size: i64 = group.iter().map(|&position| times(position)).sum();
            let rank = 2 * before + size - samples as i64;
            before += size;
            squares[1] += u128::from(rank.unsigned_abs().pow(2)) * size as u128;
            // All ranks together amount to less than samples^2 / 2, which fits.
            let sum: i64 = group.iter().map(|&position| ranks[position as usize]).sum();
            products += i128::from(rank) * i128::from(sum);
        }
        Ok(Self { samples, products, squares })
    }

    /// Rho in [-1, 1], or None when a score is constant. The error is at most 3 units in the last place.
    pub fn rho(&self) -> Option<f64> {
        let [first, second] = self.squares.map(|sum| sum as f64);
        let rho = self.products as f64 / (first * second).sqrt();
        (first > 0.0 && second > 0.0).then(|| rho.clamp(-1.0, 1.0))
    }

    /// The probability, if the two scores were independent, of a rho at least as far out: by Student's t
    /// with two degrees of freedom less than samples.
    ///
    /// # Errors
    /// [`TestError::Undefined`]: a constant score, or fewer than three samples.
    pub fn p_value(&self, alternative: Alternative) -> Result<f64, TestError> {
        let rho = self.rho().filter(|_| self.samples > 2).ok_or(TestError::Undefined)?;
        let freedom = (self.samples - 2) as f64;
        let outside = incomplete_beta(0.5 * freedom, 0.5, (1.0 - rho) * (1.0 + rho), rho * rho);
        let beyond = |positive: bool| if positive { 0.5 * outside } else { 1.0 - 0.5 * outside };
        Ok(match alternative {
            Alternative::TwoSided => outside,
            Alternative::Less => beyond(rho < 0.0),
            Alternative::Greater => beyond(rho > 0.0),
        })
    }
}
