//! Sums of a kernel over all pairs of cells: near ones by tables, far ones by a few exponentials each.
//!
//! A cell holds points: the nodes of its polynomial, with the masses that its samples put on them, or the samples
//! themselves where they are fewer. Positions are steps on the grid of an island, plus an offset: islands are so
//! far apart that only their distance counts, and a distance in steps is exact whatever the range of the scores.

use super::chebyshev::{FromNode, Grid, Row, add_scaled, slope, value};
use super::samples::Unit;
use super::softplus::{TERMS, limit, mirror_sign, series};
use crate::double_double::DoubleDouble;
use crate::platform::{Work, widest};
use crate::ranking::Mass;
use crate::threads;
use std::ops::Range;

/// Cells of a job.
const JOB: usize = 64;

/// An interval of scores with samples.
pub(super) struct Cell {
    /// Number of its island.
    pub(super) island: u32,
    /// Its place on the grid of the island.
    pub(super) step: u64,
    /// Where its points lie.
    pub(super) points: Range<usize>,
    /// Whether the points are nodes, not samples.
    pub(super) nodes: bool,
}

/// Occupied cells in ascending order.
pub(super) struct Cells<'a, const V: usize> {
    pub(super) grid: &'a Grid<V>,
    pub(super) unit: Unit,
    /// The score at which each island starts.
    pub(super) islands: Vec<f64>,
    pub(super) cells: Vec<Cell>,
    /// Offsets of the points from the centres of their cells.
    pub(super) places: Vec<f64>,
    /// Masses of the positives at the points.
    pub(super) positives: Vec<f64>,
    /// Masses of the negatives.
    pub(super) negatives: Vec<f64>,
}

/// Sums over the masses of the other class, at every point.
#[derive(Default)]
pub(super) struct Fields {
    /// Of the kernel, for a positive at the point.
    values: Vec<f64>,
    /// Of its slope, for a positive.
    pub(super) to_positives: Vec<f64>,
    /// Of its slope, for a negative.
    pub(super) to_negatives: Vec<f64>,
}

impl<const V: usize> Cells<'_, V> {
    /// The sum of the kernel over all pairs, and its slopes at every point.
    pub(super) fn convolve<const ORDER: usize>(&self, threads: usize) -> (f64, Fields) {
        let jobs = (0..self.cells.len()).step_by(JOB);
        let jobs = jobs.map(|start| start..self.cells.len().min(start + JOB)).collect();
        let kernel = self.grid.kernel::<ORDER>();
        let near = |receivers| widest(Near::<V, ORDER> { cells: self, kernel, receivers });
        let mut fields = Fields::default();
        for part in threads::map(jobs, threads, near) {
            fields.values.extend(part.values);
            fields.to_positives.extend(part.to_positives);
            fields.to_negatives.extend(part.to_negatives);
        }
        let growth: Vec<f64> = self.places.iter().map(|place| place.exp()).collect();
        self.add_far::<ORDER>(&mut fields, &growth, true);
        self.add_far::<ORDER>(&mut fields, &growth, false);
        let linear = if ORDER == 0 { self.rises() } else { DoubleDouble::default() };
        let pairs = self.positives.iter().zip(&fields.values);
        let value = DoubleDouble::sum(pairs.map(|(mass, value)| mass * value));
        (linear.add(value).to_f64(), fields)
    }

    /// From the centre of the first cell up to that of the second, or down.
    fn distance(&self, from: &Cell, to: &Cell) -> DoubleDouble {
        let steps = DoubleDouble::from((to.step as f64 - from.step as f64) * self.grid.width);
        if from.island == to.island {
            return steps;
        }
        let [from, to] = [from, to].map(|cell| self.islands[cell.island as usize]);
        (DoubleDouble::difference(to, from) * self.unit.per_score).add(steps)
    }

    /// The series of cells that are not near: below the receivers, or above.
    ///
    /// A sum of exponentials is carried from cell to cell, always to one that is farther from its sources.
    fn add_far<const ORDER: usize>(&self, fields: &mut Fields, growth: &[f64], below: bool) {
        let at = |turn: usize| &self.cells[if below { turn } else { self.cells.len() - 1 - turn }];
        let away = |point: usize| if below { growth[point] } else { 1.0 / growth[point] };
        let [falling, sloping] = [series(ORDER), series(ORDER + 1)];
        let (mut of_positives, mut of_negatives) = (Sources::default(), Sources::default());
        let mut entered = 0;
        for turn in 0..self.cells.len() {
            let own = at(turn);
            if turn > 0 {
                let decay = decay(self.distance(at(turn - 1), own));
                of_positives.carry(decay);
                of_negatives.carry(decay);
            }
            while entered < turn && !self.are_near(at(entered), own) {
                let source = at(entered);
                let decay = decay(self.distance(source, own));
                let powers = |point| powers(decay * away(point));
                let points = source.points.clone();
                of_positives.enter(points.clone().map(|point| (self.positives[point], powers(point))));
                of_negatives.enter(points.map(|point| (self.negatives[point], powers(point))));
                entered += 1;
            }
            if entered == 0 {
                continue;
            }
            let fall = of_negatives.times(falling);
            let [slope_of_positives, slope_of_negatives] =
                [&of_positives, &of_negatives].map(|sources| sources.times(sloping));
            for point in own.points.clone() {
                let decay = 1.0 / away(point);
                // Of negatives below a positive, the series for negative arguments.
                let sides = [
                    (&mut fields.values, ORDER, &fall, &of_negatives, below),
                    (&mut fields.to_positives, ORDER + 1, &slope_of_negatives, &of_negatives, below),
                    (&mut fields.to_negatives, ORDER + 1, &slope_of_positives, &of_positives, !below),
                ];
                for (field, order, terms, sources, negative) in sides {
                    let sum = terms.iter().rev().fold(0.0, |sum, term| (sum + term) * decay);
                    field[point] += if negative {
                        sum
                    } else {
                        limit(order) * sources.mass.to_f64() + mirror_sign(order) * sum
                    };
                }
            }
        }
    }

    fn are_near(&self, a: &Cell, b: &Cell) -> bool {
        a.island == b.island && a.step.abs_diff(b.step) <= self.grid.near()
    }

    /// The sum of `y - x` over all positives `x` and the negatives `y` in higher cells.
    fn rises(&self) -> DoubleDouble {
        let mut sum = DoubleDouble::default();
        // Of the positives below: their mass, and what they are below the centre.
        let (mut mass, mut depth) = (DoubleDouble::default(), DoubleDouble::default());
        let mut previous: Option<&Cell> = None;
        for cell in &self.cells {
            if let Some(previous) = previous {
                depth = depth.add(mass * self.distance(previous, cell));
            }
            let (mut height, mut own) = (DoubleDouble::default(), DoubleDouble::default());
            let (mut lift, mut own_mass) = (DoubleDouble::default(), DoubleDouble::default());
            for point in cell.points.clone() {
                let (place, positive, negative) =
                    (self.places[point], self.positives[point], self.negatives[point]);
                height = height.add_product(negative, place);
                own = own.add_f64(negative);
                lift = lift.add_product(positive, place);
                own_mass = own_mass.add_f64(positive);
            }
            sum = sum.add(own * depth).add(height * mass);
            depth = depth.add(-lift);
            mass = mass.add(own_mass);
            previous = Some(cell);
        }
        sum
    }
}

/// `e^-distance`, whatever the sign of the distance.
fn decay(distance: DoubleDouble) -> f64 {
    let (high, low) = (distance.to_f64(), distance.low());
    (-high.abs()).exp() * (1.0 - low * high.signum())
}

/// The first powers of a number.
fn powers(base: f64) -> [f64; TERMS] {
    let mut power = 1.0;
    std::array::from_fn(|_| {
        power *= base;
        power
    })
}

/// Masses that are far from a cell: sums of `mass * e^(-k distance)` from its centre, and their sum.
#[derive(Default)]
struct Sources {
    sums: [f64; TERMS],
    mass: DoubleDouble,
}

impl Sources {
    fn carry(&mut self, decay: f64) {
        for (sum, power) in self.sums.iter_mut().zip(powers(decay)) {
            *sum *= power;
        }
    }

    fn enter(&mut self, points: impl Iterator<Item = (f64, [f64; TERMS])>) {
        for (mass, powers) in points {
            self.mass = self.mass.add(DoubleDouble::from(mass));
            for (sum, power) in self.sums.iter_mut().zip(powers) {
                *sum += mass * power;
            }
        }
    }

    fn times(&self, coefficients: [f64; TERMS]) -> [f64; TERMS] {
        std::array::from_fn(|term| self.sums[term] * coefficients[term])
    }
}

/// Sums over near cells.
struct Near<'a, const V: usize, const ORDER: usize> {
    cells: &'a Cells<'a, V>,
    kernel: &'a [Vec<FromNode<V>>],
    receivers: Range<usize>,
}

impl<const V: usize, const ORDER: usize> Work for Near<'_, V, ORDER> {
    type Output = Fields;

    #[inline(always)]
    fn run(self) -> Fields {
        let Cells { cells, places, positives, negatives, grid, .. } = self.cells;
        let mut fields = Fields::default();
        let near = grid.near();
        let Some(Cell { island, step, .. }) = cells.get(self.receivers.start) else { return fields };
        let mut first =
            cells.partition_point(|cell| (cell.island, cell.step) < (*island, step.saturating_sub(near)));
        for receiver in &cells[self.receivers] {
            while !self.cells.are_near(&cells[first], receiver) {
                first += 1;
            }
            let sources = cells[first..].iter().take_while(|source| self.cells.are_near(source, receiver));
            let (mut value_row, mut positive_row, mut negative_row): (Row<V>, Row<V>, Row<V>) =
                ([[0.0; 4]; V], [[0.0; 4]; V], [[0.0; 4]; V]);
            let start = fields.values.len();
            for sums in [&mut fields.values, &mut fields.to_positives, &mut fields.to_negatives] {
                sums.resize(start + receiver.points.len(), 0.0);
            }
            for source in sources {
                let step = source.step as i64 - receiver.step as i64;
                let [of_positives, of_negatives] =
                    [&positives[source.points.clone()], &negatives[source.points.clone()]];
                if source.nodes && receiver.nodes {
                    let from_nodes = &self.kernel[(step + near as i64) as usize];
                    for ((from, &positive), &negative) in
                        from_nodes.iter().zip(of_positives).zip(of_negatives)
                    {
                        add_scaled(&mut value_row, negative, &from.value);
                        add_scaled(&mut positive_row, negative, &from.to_positives);
                        add_scaled(&mut negative_row, positive, &from.to_negatives);
                    }
                    continue;
                }
                let apart = step as f64 * grid.width;
                for (&place, point) in places[receiver.points.clone()].iter().zip(start..) {
                    let sources = places[source.points.clone()].iter().zip(of_positives).zip(of_negatives);
                    for ((&other, &positive), &negative) in sources {
                        let d = apart + (other - place);
                        if negative != 0.0 {
                            fields.values[point] += negative * value::<ORDER>(d, step > 0);
                            fields.to_positives[point] += negative * slope::<ORDER>(d);
                        }
                        if positive != 0.0 {
                            fields.to_negatives[point] += positive * slope::<ORDER>(-d);
                        }
                    }
                }
            }
            if receiver.nodes {
                let rows = [value_row, positive_row, negative_row];
                let sums = [&mut fields.values, &mut fields.to_positives, &mut fields.to_negatives];
                for (row, sums) in rows.iter().zip(sums) {
                    for (sum, number) in sums[start..].iter_mut().zip(row.as_flattened()) {
                        *sum += number;
                    }
                }
            }
        }
        fields
    }
}

/// The coefficients of the polynomial with given values at the nodes of a cell.
pub(super) fn interpolate<const V: usize>(grid: &Grid<V>, values: &[f64]) -> Row<V> {
    let mut coefficients = [[0.0; 4]; V];
    for (&value, row) in values.iter().zip(&grid.nodes().of_values) {
        add_scaled(&mut coefficients, value, row);
    }
    coefficients
}
