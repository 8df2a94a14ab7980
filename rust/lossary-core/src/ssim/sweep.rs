//! The similarities of a tile in one sweep over its rows.

use super::{Options, Pixel, Shape, SsimError, in_range};
use crate::platform::{Work, widest};
use std::ops::Range;

/// Columns of a tile: the filtered rows under a window of the usual size stay in the near caches.
const WIDTH: usize = 128;

/// Rows of a tile; the window's are read above it in addition.
const HEIGHT: usize = 256;

/// The same for the tiles of volumes, of which whole planes are kept.
const HEIGHT_OF_VOLUME: usize = 64;

/// Columns that are summed in registers.
const LANES: usize = 32;

/// Means of s, d, s^2 and d^2, or the numbers themselves.
const MOMENTS: usize = 4;

/// Numbers of a row of moments.
const ROW: usize = MOMENTS * WIDTH;

/// The product of the denominators from which on it may have been infinite.
const TOO_LARGE: f64 = 1e300;

/// What of the similarity is averaged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Factors {
    Both,
    /// That of contrast and structure.
    Structure,
}

/// A part of the positions of an image.
#[derive(Clone, Debug)]
pub(super) struct Tile {
    planes: Range<usize>,
    rows: Range<usize>,
    columns: Range<usize>,
}

impl Tile {
    /// The tiles of all positions of a window of this size inside an image.
    pub(super) fn all(space: &[usize], size: usize) -> Vec<Self> {
        let cut = |side: usize, length: usize| {
            let positions = side + 1 - size;
            (0..positions).step_by(length).map(move |start| start..positions.min(start + length))
        };
        let (depth, height, width) = sides(space);
        let (planes, length) = match depth {
            None => (0..1, HEIGHT),
            Some(depth) => (0..depth + 1 - size, HEIGHT_OF_VOLUME),
        };
        cut(height, length)
            .flat_map(|rows| cut(width, WIDTH).map(move |columns| (rows.clone(), columns)))
            .map(|(rows, columns)| Self { planes: planes.clone(), rows, columns })
            .collect()
    }
}

/// Depth, if any, height and width.
fn sides(space: &[usize]) -> (Option<usize>, usize, usize) {
    match *space {
        [depth, height, width] => (Some(depth), height, width),
        [height, width] => (None, height, width),
        _ => (None, 0, 0),
    }
}

/// The window and the constants.
pub(super) struct Comparison {
    /// Of the pixels from the border of the window to its centre; the others are as far from it.
    weights: Vec<f64>,
    c1: f64,
    c2: f64,
    /// What variances are multiplied by.
    correction: f64,
}

impl Comparison {
    pub(super) fn new(options: &Options, axes: usize) -> Result<Self, SsimError> {
        let Options { shape, size, data_range, k: [k1, k2], sample_covariance } = *options;
        if size.is_multiple_of(2) || (size == 1 && sample_covariance) {
            return Err(SsimError::BadOption { name: "window_size" });
        }
        let sigma = if let Shape::Gaussian { sigma } = shape { sigma } else { 1.0 };
        for (name, value) in [("data_range", data_range), ("sigma", sigma), ("k1", k1), ("k2", k2)] {
            if !in_range(value) {
                return Err(SsimError::BadOption { name });
            }
        }
        let weight = |distance: usize| match shape {
            Shape::Gaussian { sigma } => (-0.5 * (distance as f64 / sigma).powi(2)).exp(),
            Shape::Uniform => 1.0,
        };
        let half = size / 2;
        let total = weight(0) + 2.0 * (1..=half).rev().map(weight).sum::<f64>();
        let count = (size as f64).powi(axes as i32);
        Ok(Self {
            weights: (0..=half).rev().map(|distance| weight(distance) / total).collect(),
            c1: (k1 * data_range).powi(2),
            c2: (k2 * data_range).powi(2),
            correction: if sample_covariance { count / (count - 1.0) } else { 1.0 },
        })
    }

    pub(super) fn size(&self) -> usize {
        2 * self.weights.len() - 1
    }

    /// The sum over the positions of a tile; None where it is not finite or may not be right.
    pub(super) fn of_tile<P: Pixel>(
        &self,
        x: &[P],
        y: &[P],
        space: &[usize],
        tile: &Tile,
        factors: Factors,
    ) -> Option<f64> {
        widest(Sweep { comparison: self, x, y, space, tile, factors })
    }

    /// The weighted sum of the numbers at `starts`, a window of them, and of those after.
    #[inline(always)]
    fn blend(&self, numbers: &[f64], starts: &[usize], place: usize) -> [f64; LANES] {
        let last = self.weights.len() - 1;
        let mut sums = [0.0; LANES];
        for (from_border, &weight) in self.weights[..last].iter().enumerate() {
            let before = lanes(numbers, starts[from_border] + place);
            let after = lanes(numbers, starts[2 * last - from_border] + place);
            for lane in 0..LANES {
                sums[lane] += weight * (before[lane] + after[lane]);
            }
        }
        let (weight, centre) = (self.weights[last], lanes(numbers, starts[last] + place));
        for lane in 0..LANES {
            sums[lane] += weight * centre[lane];
        }
        sums
    }

    /// [`Self::blend`] of all moments of a row.
    #[inline(always)]
    fn blend_rows(&self, rows: &[f64], starts: &[usize], columns: usize, out: &mut [f64]) {
        for (moment, out) in out.chunks_exact_mut(WIDTH).enumerate() {
            for first in (0..columns).step_by(LANES) {
                out[first..first + LANES].copy_from_slice(&self.blend(rows, starts, moment * WIDTH + first));
            }
        }
    }
}

#[inline(always)]
fn lanes(numbers: &[f64], start: usize) -> &[f64; LANES] {
    &numbers[start..start + LANES].as_chunks().0[0]
}

struct Sweep<'a, P> {
    comparison: &'a Comparison,
    x: &'a [P],
    y: &'a [P],
    space: &'a [usize],
    tile: &'a Tile,
    factors: Factors,
}

impl<P: Pixel> Work for Sweep<'_, P> {
    type Output = Option<f64>;

    #[inline(always)]
    fn run(self) -> Option<f64> {
        let (depth, height, width) = sides(self.space);
        let (size, tile) = (self.comparison.size(), self.tile);
        let (rows, columns) = (tile.rows.len(), tile.columns.len());
        let pixels = columns + size - 1;
        let row = |plane: usize, row: usize| (plane * height + row) * width + tile.columns.start;
        let mut sums = Sums::new(&self, row(tile.planes.start, tile.rows.start), pixels);
        let across: Vec<usize> = (0..size).collect();
        let mut down: Vec<usize> = (0..size).map(|row| row * ROW).collect();
        let mut through: Vec<usize> = (0..size).map(|plane| plane * rows * ROW).collect();
        let stride = (WIDTH + size - 1).next_multiple_of(LANES);
        let mut numbers = vec![0.0; MOMENTS * stride];
        let mut ring = vec![0.0; size * ROW];
        let mut planes = vec![0.0; if depth.is_some() { size * rows * ROW } else { 0 }];
        let mut means = vec![0.0; ROW];
        let planes_read = tile.planes.start..tile.planes.end + depth.map_or(0, |_| size - 1);
        for (planes_before, plane) in planes_read.enumerate() {
            through.rotate_left(1);
            for (rows_before, number) in (tile.rows.start..tile.rows.end + size - 1).enumerate() {
                let start = row(plane, number);
                sums.centre(&self.x[start..start + pixels], &self.y[start..start + pixels], &mut numbers);
                down.rotate_left(1);
                let filtered = &mut ring[down[size - 1]..][..ROW];
                for (moment, out) in filtered.chunks_exact_mut(WIDTH).enumerate() {
                    for first in (0..columns).step_by(LANES) {
                        let blended = self.comparison.blend(&numbers, &across, moment * stride + first);
                        out[first..first + LANES].copy_from_slice(&blended);
                    }
                }
                let Some(position) = (rows_before + 1).checked_sub(size) else { continue };
                if depth.is_some() {
                    let out = &mut planes[through[size - 1] + position * ROW..][..ROW];
                    self.comparison.blend_rows(&ring, &down, columns, out);
                } else {
                    self.comparison.blend_rows(&ring, &down, columns, &mut means);
                    sums.add(&means, columns);
                }
            }
            if depth.is_some() && planes_before + 1 >= size {
                for position in 0..rows {
                    self.comparison.blend_rows(&planes[position * ROW..], &through, columns, &mut means);
                    sums.add(&means, columns);
                }
            }
        }
        sums.total()
    }
}

/// What is summed of a tile.
struct Sums<'a> {
    comparison: &'a Comparison,
    factors: Factors,
    /// Of s and d, which vary less about it; so their squares cancel less.
    offset: [f64; 2],
    sum: [f64; LANES],
    largest: [f64; LANES],
}

impl<'a> Sums<'a> {
    #[inline(always)]
    fn new<P: Pixel>(sweep: &Sweep<'a, P>, start: usize, pixels: usize) -> Self {
        let mut offset = [0.0; 2];
        for (&x, &y) in sweep.x[start..start + pixels].iter().zip(&sweep.y[start..start + pixels]) {
            let (x, y): (f64, f64) = (x.into(), y.into());
            offset = [offset[0] + (x + y), offset[1] + (x - y)];
        }
        Self {
            comparison: sweep.comparison,
            factors: sweep.factors,
            offset: offset.map(|sum| sum / pixels as f64),
            sum: [0.0; LANES],
            largest: [0.0; LANES],
        }
    }

    /// s, d and their squares of a row.
    #[inline(always)]
    fn centre<P: Pixel>(&self, x: &[P], y: &[P], numbers: &mut [f64]) {
        let stride = numbers.len() / MOMENTS;
        let (s, rest) = numbers.split_at_mut(stride);
        let (d, rest) = rest.split_at_mut(stride);
        let (squares_s, squares_d) = rest.split_at_mut(stride);
        let outs = s.iter_mut().zip(d).zip(squares_s.iter_mut().zip(squares_d));
        for ((&x, &y), ((s, d), (square_s, square_d))) in x.iter().zip(y).zip(outs) {
            let (x, y): (f64, f64) = (x.into(), y.into());
            let (sum, difference) = ((x + y) - self.offset[0], (x - y) - self.offset[1]);
            (*s, *d) = (sum, difference);
            (*square_s, *square_d) = (sum * sum, difference * difference);
        }
    }

    #[inline(always)]
    fn add(&mut self, means: &[f64], columns: usize) {
        for first in (0..columns).step_by(LANES) {
            let (values, products) = self.values(means, first);
            for lane in 0..LANES.min(columns - first) {
                self.sum[lane] += values[lane];
                self.largest[lane] =
                    if products[lane] > self.largest[lane] { products[lane] } else { self.largest[lane] };
            }
        }
    }

    /// The similarities at some columns, and what was divided by.
    #[inline(always)]
    fn values(&self, means: &[f64], first: usize) -> ([f64; LANES], [f64; LANES]) {
        let Comparison { c1, c2, correction, .. } = *self.comparison;
        let (s, d) = (lanes(means, first), lanes(means, WIDTH + first));
        let (square_s, square_d) = (lanes(means, 2 * WIDTH + first), lanes(means, 3 * WIDTH + first));
        let (mut values, mut products) = ([0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            let variance = |square: f64, mean: f64| {
                let variance = (square - mean * mean) * correction;
                if variance < 0.0 { 0.0 } else { variance } // NaN stays
            };
            let (of_s, of_d) = (variance(square_s[lane], s[lane]), variance(square_d[lane], d[lane]));
            let contrast = (of_s + of_d) / 2.0 + c2;
            (values[lane], products[lane]) = match self.factors {
                Factors::Structure => ((contrast - of_d) / contrast, contrast),
                Factors::Both => {
                    let (s, d) = (s[lane] + self.offset[0], d[lane] + self.offset[1]);
                    let brightness = (s * s + d * d) / 2.0 + c1;
                    let product = brightness * contrast;
                    ((brightness - d * d) * (contrast - of_d) / product, product)
                }
            };
        }
        (values, products)
    }

    fn total(&self) -> Option<f64> {
        let total: f64 = self.sum.iter().sum();
        (total.is_finite() && self.largest.iter().all(|&largest| largest < TOO_LARGE)).then_some(total)
    }
}
