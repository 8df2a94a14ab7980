//! Scores that leave most of their range empty: sorted, so that occupied cells alone are kept.

use super::cells::{Cell, Cells, interpolate};
use super::chebyshev::{Grid, add_scaled, basis, dot};
use super::convolution::Convolution;
use super::samples::{Pairs, Unit};
use crate::double_double::DoubleDouble;
use crate::keys::Score;
use crate::ranking::Mass;
use crate::{ranks, threads};
use std::ops::Range;

/// A wider gap, in units of the loss, starts a new island, so that steps within one stay small.
const GAP: f64 = 64.0;

pub(super) fn convolve<S: Score + Into<f64>, const V: usize, const ORDER: usize>(
    pairs: &Pairs<'_, S>,
    unit: Unit,
    grid: &Grid<V>,
) -> Convolution {
    let (positives, negatives) = (pairs.positives, pairs.negatives);
    let scores = [positives.scores, negatives.scores].concat();
    // Scores are finite and fewer than 2^32: there is an order.
    let order = ranks::argsort(&scores).unwrap_or_default();
    let mut cells = Cells {
        grid,
        unit,
        islands: Vec::new(),
        cells: Vec::new(),
        places: Vec::new(),
        positives: Vec::new(),
        negatives: Vec::new(),
    };
    let (offsets, runs) = cells.occupy(order.iter().map(|&sample| scores[sample as usize].into()));
    drop(scores);
    let masses = |sample: u32| match (sample as usize).checked_sub(positives.len()) {
        None => [positives.weight(sample as usize), 0.0],
        Some(negative) => [0.0, negatives.weight(negative)],
    };
    for (cell, run) in runs.iter().enumerate() {
        let samples =
            offsets[run.clone()].iter().zip(order[run.clone()].iter().map(|&sample| masses(sample)));
        cells.place(cell, samples);
    }

    let (value, fields) = cells.convolve::<ORDER>(threads::threads_for(order.len()));
    let mut of_positives = vec![0.0; positives.len()];
    let mut of_negatives = vec![0.0; negatives.len()];
    for (cell, run) in cells.cells.iter().zip(&runs) {
        let fields = [&fields.to_positives, &fields.to_negatives].map(|field| &field[cell.points.clone()]);
        let coefficients = cell.nodes.then(|| fields.map(|field| interpolate(grid, field)));
        for (point, (&sample, offset)) in order[run.clone()].iter().zip(&offsets[run.clone()]).enumerate() {
            let negative = (sample as usize).checked_sub(positives.len());
            let field = usize::from(negative.is_some());
            let slope = match &coefficients {
                Some(coefficients) => dot(&coefficients[field], &basis(2.0 * offset / grid.width)),
                None => fields[field][point],
            };
            match negative {
                None => of_positives[sample as usize] = slope,
                Some(negative) => of_negatives[negative] = slope,
            }
        }
    }
    Convolution { value, of_positives, of_negatives }
}

impl<const V: usize> Cells<'_, V> {
    /// Cells for ascending scores; the offset of each score from the centre of its cell, and which the cells hold.
    fn occupy(&mut self, ascending: impl Iterator<Item = f64>) -> (Vec<f64>, Vec<Range<usize>>) {
        let mut runs: Vec<Range<usize>> = Vec::new();
        let per_score = self.unit.per_score.to_f64();
        let width = self.unit.in_scores * DoubleDouble::from(self.grid.width);
        let (mut anchor, mut previous) = (f64::NAN, f64::NAN);
        let place = |(sample, score): (usize, f64)| {
            if self.cells.is_empty() || (score - previous) * per_score > GAP {
                anchor = score;
                self.islands.push(score);
            }
            previous = score;
            let height = DoubleDouble::difference(score, anchor);
            let step = (height.to_f64() * (per_score / self.grid.width)).floor();
            let rest = height.add(-(DoubleDouble::from(step) * width)).to_f64();
            let (island, step) = (self.islands.len() as u32 - 1, step as u64);
            match (self.cells.last(), runs.last_mut()) {
                (Some(cell), Some(run)) if (cell.island, cell.step) == (island, step) => run.end += 1,
                _ => {
                    self.cells.push(Cell { island, step, points: 0..0, nodes: false });
                    runs.push(sample..sample + 1);
                }
            }
            rest * per_score - 0.5 * self.grid.width
        };
        (ascending.enumerate().map(place).collect(), runs)
    }

    /// Gives a cell its points: its samples, or nodes where these are fewer.
    fn place<'s>(&mut self, cell: usize, samples: impl ExactSizeIterator<Item = (&'s f64, [f64; 2])>) {
        let (start, nodes) = (self.places.len(), self.grid.nodes());
        let many = samples.len() > self.grid.count();
        if many {
            let mut moments = [[[0.0; 4]; V]; 2];
            for (offset, masses) in samples {
                let basis = basis(2.0 * offset / self.grid.width);
                for (moments, mass) in moments.iter_mut().zip(masses) {
                    add_scaled(moments, mass, &basis);
                }
            }
            let [positives, negatives] = moments.map(|moments| {
                let mut masses = [[0.0; 4]; V];
                for (&moment, row) in moments.as_flattened().iter().zip(&nodes.of_moments) {
                    add_scaled(&mut masses, moment, row);
                }
                masses
            });
            self.places.extend(&nodes.places);
            self.positives.extend(positives.as_flattened());
            self.negatives.extend(negatives.as_flattened());
        } else {
            for (&offset, [positive, negative]) in samples {
                self.places.push(offset);
                self.positives.push(positive);
                self.negatives.push(negative);
            }
        }
        self.cells[cell].points = start..self.places.len();
        self.cells[cell].nodes = many;
    }
}
