//! Scores that fill their range: every cell of the range is kept, samples are read in order and never moved.

use super::cells::{Cell, Cells, interpolate};
use super::chebyshev::{Grid, Row, add_scaled, basis, dot};
use super::convolution::Convolution;
use super::samples::{Class, Pairs, Unit};
use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::platform::{Work, prefer_large_pages, widest};
use crate::ranking::Mass;
use crate::threads;

/// Samples of a block, at least: the unit of work of a thread, and of the order of sums.
const BLOCK: usize = 1 << 14;

/// A block has this many samples for each cell, so that its moments take less memory.
const SAMPLES_PER_CELL: usize = 16;

/// Samples brought to their cells at once.
const BATCH: usize = 32;

/// The sum of the integer and this has the integer in its lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0; // 3 * 2^51

/// Where cells lie.
#[derive(Clone, Copy)]
struct Ruler {
    lowest: f64,
    /// Cells per score, rounded.
    per_score: f64,
    /// Scores per cell, so short that a product with a number of cells is exact.
    width: f64,
    /// What the width has beyond.
    width_low: f64,
}

impl Ruler {
    fn new(lowest: f64, unit: Unit, cell: f64) -> Self {
        let whole = unit.in_scores.to_f64() * cell; // exact: a power of two
        let width = f64::from_bits(whole.to_bits() >> 13 << 13);
        let width_low = (whole - width) + unit.in_scores.low() * cell;
        Self { lowest, per_score: unit.per_score.to_f64() / cell, width, width_low }
    }

    /// Cell and position within it, from -1 to 1 up to rounding of the border.
    #[inline(always)]
    fn locate(&self, score: f64) -> (u32, f64) {
        let height = DoubleDouble::difference(score, self.lowest);
        let rounded = (height.to_f64() * self.per_score - 0.5) + ROUND;
        let step = rounded - ROUND;
        let rest = (height.to_f64() - step * self.width) + (height.low() - step * self.width_low);
        (rounded.to_bits() as u32, 2.0 * (rest * self.per_score) - 1.0)
    }
}

/// Calls `visit` with number, cell and polynomials of each sample of a class.
#[inline(always)]
fn for_each<S: Score + Into<f64>, const V: usize>(
    scores: &[S],
    ruler: Ruler,
    mut visit: impl FnMut(usize, usize, Row<V>),
) {
    let (mut cells, mut positions) = ([0_u32; BATCH], [0.0; BATCH]);
    for (number, batch) in scores.chunks(BATCH).enumerate() {
        for ((&score, cell), position) in batch.iter().zip(&mut cells).zip(&mut positions) {
            (*cell, *position) = ruler.locate(score.into());
        }
        for (index, (&cell, &position)) in cells.iter().zip(&positions).enumerate().take(batch.len()) {
            visit(number * BATCH + index, cell as usize, basis(position));
        }
    }
}

/// Sums of the polynomials of the samples of each cell.
struct Moments<'a, S, const V: usize> {
    class: Class<'a, S>,
    ruler: Ruler,
    cells: usize,
}

impl<S: Score + Into<f64>, const V: usize> Work for Moments<'_, S, V> {
    type Output = Vec<Row<V>>;

    #[inline(always)]
    fn run(self) -> Vec<Row<V>> {
        let mut moments = vec![[[0.0; 4]; V]; self.cells];
        for_each(self.class.scores, self.ruler, |index, cell, basis| {
            add_scaled(&mut moments[cell], self.class.weight(index), &basis);
        });
        moments
    }
}

/// The value of the polynomial of its cell at each sample.
struct Evaluate<'a, S, const V: usize> {
    scores: &'a [S],
    ruler: Ruler,
    coefficients: &'a [Row<V>],
    values: &'a mut [f64],
}

impl<S: Score + Into<f64>, const V: usize> Work for Evaluate<'_, S, V> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for_each(self.scores, self.ruler, |index, cell, basis| {
            self.values[index] = dot(&self.coefficients[cell], &basis);
        });
    }
}

pub(super) fn convolve<S: Score + Into<f64>, const V: usize, const ORDER: usize>(
    pairs: &Pairs<'_, S>,
    unit: Unit,
    grid: &Grid<V>,
) -> Convolution {
    let threads = threads::threads_for(pairs.samples());
    let ruler = Ruler::new(pairs.lowest(), unit, grid.width);
    let count = ruler.locate(pairs.highest()).0 as usize + 1;
    let block = BLOCK.max(SAMPLES_PER_CELL * count);

    let masses = |class: Class<'_, S>| {
        let blocks = (0..class.len()).step_by(block).map(|start| start..class.len().min(start + block));
        let part = |range| widest(Moments::<S, V> { class: class.part(range), ruler, cells: count });
        let mut sums = vec![[[0.0; 4]; V]; count];
        for moments in threads::map(blocks.collect(), threads, part) {
            for (sum, moments) in sums.iter_mut().zip(&moments) {
                add_scaled(sum, 1.0, moments);
            }
        }
        let to_nodes = |moments: &Row<V>| {
            let mut masses = [[0.0; 4]; V];
            for (&moment, row) in moments.as_flattened().iter().zip(&grid.nodes().of_moments) {
                add_scaled(&mut masses, moment, row);
            }
            masses
        };
        sums.iter().map(to_nodes).collect::<Vec<_>>().as_flattened().as_flattened().to_vec()
    };
    let nodes = grid.count();
    let cell = |step: usize| Cell {
        island: 0,
        step: step as u64,
        points: nodes * step..nodes * (step + 1),
        nodes: true,
    };
    let cells = Cells {
        grid,
        unit,
        islands: vec![ruler.lowest],
        cells: (0..count).map(cell).collect(),
        places: grid.nodes().places.repeat(count),
        positives: masses(pairs.positives),
        negatives: masses(pairs.negatives),
    };
    let (value, fields) = cells.convolve::<ORDER>(threads);

    let gradient = |class: Class<'_, S>, field: &[f64]| {
        let coefficients: Vec<_> = field.chunks(nodes).map(|values| interpolate(grid, values)).collect();
        let mut gradient = Vec::new();
        gradient.reserve_exact(class.len());
        prefer_large_pages(gradient.spare_capacity_mut());
        gradient.resize(class.len(), 0.0);
        let jobs = class.scores.chunks(BLOCK).zip(gradient.chunks_mut(BLOCK)).collect();
        let evaluate = |(scores, values): (&[S], &mut [f64])| {
            widest(Evaluate { scores, ruler, coefficients: &coefficients, values });
        };
        threads::map(jobs, threads, evaluate);
        gradient
    };
    Convolution {
        value,
        of_positives: gradient(pairs.positives, &fields.to_positives),
        of_negatives: gradient(pairs.negatives, &fields.to_negatives),
    }
}
