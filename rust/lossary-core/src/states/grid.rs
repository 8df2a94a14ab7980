//! Bins of equal width over a range; what lies outside falls into the first and the last.

use crate::keys::Score;
use crate::states::error::StateError;

/// The most bins of a grid.
const MOST_BINS: usize = 1 << 24;

/// Scores to bins. The map never falls as the score rises, so a bin is a range of scores, and its lower edge is
/// the smallest double that the map sends there, whatever the rounding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Grid {
    low: f64,
    high: f64,
    bins: usize,
    scale: f64,
}

impl Grid {
    pub(crate) fn new(low: f64, high: f64, bins: usize) -> Result<Self, StateError> {
        let scale = bins as f64 / (high - low);
        // Also false for NaN. A width below the spacing of doubles would leave bins empty for ever.
        let usable = (high - low).is_finite()
            && high > low
            && scale.is_finite()
            && (2..=MOST_BINS).contains(&bins)
            && low + 1.0 / scale > low
            && high - 1.0 / scale < high;
        // The sign of a zero makes no other grid.
        let (low, high) = (low + 0.0, high + 0.0);
        if usable {
            Ok(Self { low, high, bins, scale })
        } else {
            Err(StateError::BadBins { low, high, bins })
        }
    }

    /// Lower end, upper end, and number of bins.
    pub(crate) fn options(&self) -> (f64, f64, usize) {
        (self.low, self.high, self.bins)
    }

    /// The bin of a score that is not NaN.
    #[inline(always)]
    pub(crate) fn bin(&self, score: f64) -> usize {
        // The cast takes negative numbers to 0 and clamps what is too large.
        (((score - self.low) * self.scale) as usize).min(self.bins - 1)
    }

    /// The smallest score of this bin or a higher one.
    pub(crate) fn lower_edge(&self, bin: usize) -> f64 {
        let (mut below, mut at) = (f64::MIN.key(), f64::MAX.key());
        while below < at {
            let middle = below + (at - below) / 2;
            if self.bin(f64::value(middle)) >= bin { at = middle } else { below = middle + 1 }
        }
        f64::value(at)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_the_first_scores_of_their_bins() {
        for (low, high, bins) in
            [(0.0, 1.0, 64), (-1.0, 1.0, 6), (0.1, 0.7, 1000), (-1e300, 1e300, 7), (1e-300, 3e-300, 9)]
        {
            let grid = Grid::new(low, high, bins).unwrap();
            assert_eq!((grid.bin(f64::MIN), grid.bin(f64::MAX), grid.bin(high)), (0, bins - 1, bins - 1));
            for bin in 1..bins {
                let edge = grid.lower_edge(bin);
                assert_eq!((grid.bin(edge.next_down()), grid.bin(edge)), (bin - 1, bin));
                let nominal = low + (high - low) * bin as f64 / bins as f64;
                assert!((edge - nominal).abs() < 1e-9 * (high - low));
            }
        }
    }

    #[test]
    fn powers_of_two_over_the_unit_range_have_exact_edges() {
        let grid = Grid::new(0.0, 1.0, 1 << 16).unwrap();
        for bin in [1, 2, 1000, 65_535] {
            assert_eq!(grid.lower_edge(bin), bin as f64 / 65_536.0);
        }
    }

    #[test]
    fn what_cannot_be_cut_is_refused() {
        for (low, high, bins) in [
            (0.0, 0.0, 4),
            (1.0, 0.0, 4),
            (0.0, f64::INFINITY, 4),
            (f64::NAN, 1.0, 4),
            (-1e308, 1e308, 4),
            (0.0, 1.0, 1),
            (0.0, 1.0, (1 << 24) + 1),
            (0.0, 5e-324, 4),
            (1.0, 1.0 + 1e-15, 1000),
        ] {
            assert!(matches!(Grid::new(low, high, bins), Err(StateError::BadBins { .. })));
        }
    }
}
