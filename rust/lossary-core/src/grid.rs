//! A monotone map from keys to the bins of a histogram.

use crate::keys::Key;

/// At most so many bins: a histogram's counters, and what is looked up by bin, stay in cache.
pub(crate) const MOST_BINS: u32 = 1 << 16;

/// The fine histogram: bins of `2^shift` keys from the lowest key on. The keys around zero that no number has
/// are left out; half of all floats lie there.
#[derive(Clone, Copy, Default)]
pub(crate) struct Grid<K> {
    base: K,
    shift: u32,
    /// Whether the lowest key has the top bit clear.
    low: bool,
    /// The last bin of the keys without the top bit; the first of those with it; the last before the gap's end.
    last_low: u32,
    first_high: u32,
    last_zero: u32,
    /// The bits of the lowest and of the highest key that the bins leave out.
    low_end: K,
    high_end: K,
    pub(crate) bins: usize,
}

impl<K: Key> Grid<K> {
    /// `around_zero`: the last key without the top bit, and the first above the lowest one that has it.
    pub(crate) fn new(min: K, max: K, around_zero: Option<(K, K)>) -> Self {
        Self::with_bins(MOST_BINS, min, max, around_zero)
    }

    /// [`Self::new`] with another number of bins at most, two or more.
    pub(crate) fn with_bins(most: u32, min: K, max: K, around_zero: Option<(K, K)>) -> Self {
        let top = K::BITS - 1;
        let low = min.bin(top) == 0;
        let mut grid = Self {
            base: min,
            shift: 0,
            low,
            last_low: 0,
            first_high: 0,
            last_zero: 0,
            low_end: min,
            high_end: max,
            bins: 0,
        };
        for shift in 0..K::BITS {
            // The base is aligned, so that the change of the top bit is a border of bins.
            grid.shift = shift;
            grid.base = min.aligned(shift);
            let bin = |key: K| key.less(grid.base).bin(shift).min(u64::from(u32::MAX)) as u32;
            grid.first_high = if low { bin(K::TOP) } else { 0 };
            grid.last_low = grid.first_high.saturating_sub(1);
            grid.last_zero = grid.first_high;
            if let Some((below, above)) = around_zero {
                grid.last_low = if low { bin(below) } else { 0 };
                grid.last_zero = bin(above).saturating_sub(1).max(grid.first_high);
            }
            if max.less(grid.base).bin(shift) < u64::from(u32::MAX) && grid.bin(max) < most {
                break;
            }
        }
        grid.bins = grid.bin(max) as usize + 1;
        [grid.low_end, grid.high_end] = [min, max].map(|key| key.less(key.aligned(grid.shift)));
        grid
    }

    #[inline(always)]
    pub(crate) fn bin(&self, key: K) -> u32 {
        let bin = key.bin_from(self.base, self.shift);
        let low = bin.min(self.last_low) + u32::from(bin >= self.first_high);
        low + (bin.max(self.last_zero) - self.last_zero)
    }

    /// Whether the key ends like the lowest or the highest key: if all do, each has a bin of its own.
    #[inline(always)]
    pub(crate) fn is_alone(&self, key: K) -> bool {
        key.less(key.aligned(self.shift)) == if key < K::TOP { self.low_end } else { self.high_end }
    }

    /// Whether each key has a bin of its own, of keys that agree in the lowest bits with the lowest or the highest.
    pub(crate) fn parts_all(&self, alike: u32) -> bool {
        alike >= self.shift
    }

    /// The key of a bin in which it is alone.
    pub(crate) fn key(&self, bin: u32) -> K {
        self.start(bin).plus(if self.top(bin as usize) { self.high_end } else { self.low_end })
    }

    /// The first key of a bin.
    pub(crate) fn start(&self, bin: u32) -> K {
        let place = match bin.checked_sub(self.last_low + 1) {
            _ if !self.top(bin as usize) => bin,
            None | Some(0) => self.first_high,
            Some(above) => self.last_zero + above,
        };
        self.base.plus(K::scaled(place, self.shift))
    }

    /// Whether the keys of a bin have the top bit set.
    pub(crate) fn top(&self, bin: usize) -> bool {
        !self.low || bin > self.last_low as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Score;

    fn bins<S: Score>(ascending: &[S], around_zero: Option<(S, S)>) -> (Grid<S::Key>, Vec<u32>) {
        let (first, last) = (ascending[0].key(), ascending[ascending.len() - 1].key());
        let grid = Grid::new(first, last, around_zero.map(|(below, above)| (below.key(), above.key())));
        (grid, ascending.iter().map(|score| grid.bin(score.key())).collect())
    }

    #[test]
    fn bins_ascend_and_part_at_the_top_bit() {
        let wide = [f64::NEG_INFINITY, -1e300, -1.0, -5e-324, 0.0, 5e-324, 1.0, 1.5, 1e300, f64::INFINITY];
        let narrow = [-2.0, -1.5, -1.0, 0.0, 3.0, 3.25, 4.0];
        for (scores, below, above) in [
            (&wide[..], -5e-324, 5e-324),
            (&narrow[..], -1.0, 3.0),
            (&narrow[3..], f64::NEG_INFINITY, 3.0),
            (&narrow[4..], f64::NEG_INFINITY, 3.0),
            (&narrow[..3], -1.0, f64::INFINITY),
            (&narrow[..4], -1.0, f64::INFINITY),
        ] {
            let (grid, bins) = bins(scores, Some((below, above)));
            assert!(bins.is_sorted() && bins.last().is_some_and(|&bin| bin as usize == grid.bins - 1));
            for (score, bin) in scores.iter().zip(bins) {
                assert_eq!(grid.top(bin as usize), *score >= 0.0, "{score}");
                if grid.is_alone(score.key()) {
                    assert_eq!(grid.key(bin), score.key(), "{score}");
                }
            }
        }
    }

    #[test]
    fn the_gap_around_zero_takes_no_bins() {
        let (_, bins) = bins(&[-1.5, -1.0, 1.0, 1.25, 1.5], Some((-1.0, 1.0)));
        assert!(bins[4] - bins[2] > 1 << 13, "{bins:?}");
    }

    #[test]
    fn rounded_numbers_are_alone() {
        let halves: Vec<f64> = (-40..40).map(|half| f64::from(half) / 2.0).collect();
        let integers: Vec<i64> = (-40..40).collect();
        check_alone(&halves, Some((-0.5, 0.5)));
        check_alone(&halves[40..], Some((f64::NEG_INFINITY, 0.5)));
        check_alone(&halves[..40], Some((-0.5, f64::INFINITY)));
        check_alone(&integers, None);
        check_alone(&integers[40..], None);
    }

    fn check_alone<S: Score>(ascending: &[S], around_zero: Option<(S, S)>) {
        let (grid, bins) = bins(ascending, around_zero);
        assert!(bins.windows(2).all(|pair| pair[0] < pair[1]), "{bins:?}");
        for (score, bin) in ascending.iter().zip(bins) {
            assert!(grid.is_alone(score.key()));
            assert_eq!(grid.key(bin), score.key(), "{score:?}");
        }
    }
}
