//! Betti numbers and Euler characteristics of masks, by counting runs of set voxels.
//!
//! A row is a word list, one bit a voxel. A set of cells that is a row of vertices (or of closed intervals) times a
//! cell of the other axes contributes its number of runs, with the sign of the other cell: so the Euler
//! characteristic is a sum over pairs and fours of neighbouring rows. Components join run by run.

use super::{Axes, PersistenceError};
use std::array::from_fn;
use std::ops::Range;

/// How voxels are joined to a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Construction {
    /// Voxels are vertices: they touch along axes, the voxels around them also across corners.
    V,
    /// Voxels are closed cubes: they touch also across corners, the voxels around them along axes.
    T,
}

/// How many components, loops and cavities a mask has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BettiNumbers {
    /// For every dimension below the number of axes.
    pub numbers: Vec<u64>,
    /// Their alternating sum.
    pub euler_characteristic: i64,
}

/// The Betti numbers of the set voxels of a mask, of 1 to 3 axes, in O(n) time and a bit of memory a voxel, and 8
/// bytes a run.
///
/// Components are counted, cavities are the components around them but one, and the Euler characteristic gives the
/// loops.
///
/// # Errors
/// [`PersistenceError`]: a shape that is not that of the mask, or an empty axis.
///
/// ```
/// use lossary_core::persistence::{Construction, betti_numbers};
///
/// let ring = [true, true, true, true, false, true, true, true, true];
/// assert_eq!(betti_numbers(&ring, &[3, 3], Construction::V)?.numbers, [1, 1]);
/// # Ok::<(), lossary_core::persistence::PersistenceError>(())
/// ```
pub fn betti_numbers(
    mask: &[bool],
    shape: &[usize],
    construction: Construction,
) -> Result<BettiNumbers, PersistenceError> {
    let rows = Rows::new(mask, shape)?;
    let euler_characteristic = rows.euler_characteristic(construction);
    let set =
        rows.components(rows.shape, construction == Construction::T, |layer, row| rows.runs(layer, row));
    let cavities = if rows.shape[0] == 1 {
        0
    } else {
        let [layers, in_layer, length] = rows.shape;
        let around = [layers + 2, in_layer + 2, length];
        rows.components(around, construction == Construction::V, |layer, row| rows.gaps(layer, row)) - 1
    };
    let loops = set.wrapping_add(cavities).wrapping_add_signed(-euler_characteristic);
    let mut numbers = vec![set, loops, cavities];
    numbers.truncate(shape.len());
    Ok(BettiNumbers { numbers, euler_characteristic })
}

/// The Euler characteristic of the set voxels of a mask: components less loops plus cavities, in O(n) time.
///
/// # Errors
/// As [`betti_numbers`].
///
/// ```
/// use lossary_core::persistence::{Construction, euler_characteristic};
///
/// let corners = [true, false, false, true];
/// assert_eq!(euler_characteristic(&corners, &[2, 2], Construction::V)?, 2);
/// assert_eq!(euler_characteristic(&corners, &[2, 2], Construction::T)?, 1);
/// # Ok::<(), lossary_core::persistence::PersistenceError>(())
/// ```
pub fn euler_characteristic(
    mask: &[bool],
    shape: &[usize],
    construction: Construction,
) -> Result<i64, PersistenceError> {
    Ok(Rows::new(mask, shape)?.euler_characteristic(construction))
}

/// The rows of a mask with three axes, as bits.
struct Rows {
    shape: [usize; 3],
    /// Words of a row.
    words: usize,
    bits: Vec<u64>,
}

impl Rows {
    fn new(mask: &[bool], shape: &[usize]) -> Result<Self, PersistenceError> {
        Axes::of(shape, &[("mask", mask.len())])?;
        let missing = 3 - shape.len();
        let shape: [usize; 3] = from_fn(|axis| axis.checked_sub(missing).map_or(1, |axis| shape[axis]));
        let words = shape[2].div_ceil(64);
        let mut bits = Vec::with_capacity(shape[0] * shape[1] * words);
        for row in mask.chunks_exact(shape[2]) {
            let word =
                |voxels: &[bool]| voxels.iter().rev().fold(0, |word, &voxel| word << 1 | u64::from(voxel));
            bits.extend(row.chunks(64).map(word));
        }
        Ok(Self { shape, words, bits })
    }

    /// A row; nothing where there is none. Rows and layers count from 1.
    fn row(&self, layer: usize, row: usize) -> &[u64] {
        if layer == 0 || row == 0 || layer > self.shape[0] || row > self.shape[1] {
            return &[];
        }
        let start = ((layer - 1) * self.shape[1] + row - 1) * self.words;
        &self.bits[start..start + self.words]
    }

    fn euler_characteristic(&self, construction: Construction) -> i64 {
        let mut sum = 0;
        for layer in 0..=self.shape[0] {
            for row in 0..=self.shape[1] {
                let near = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(up, on)| self.row(layer + up, row + on));
                sum += match construction {
                    Construction::V => alternating_runs(near, self.words, |a, b| a & b),
                    Construction::T => alternating_runs(near, self.words, |a, b| a | b),
                };
            }
        }
        sum
    }

    /// The runs of set voxels of a row.
    fn runs(&self, layer: usize, row: usize) -> Vec<Range<u32>> {
        let words = self.row(layer + 1, row + 1);
        let mut runs: Vec<Range<u32>> = Vec::new();
        for (&word, start) in words.iter().zip((0..).step_by(64)) {
            let mut rest = word;
            while rest != 0 {
                let from = rest.trailing_zeros();
                let length = (!(rest >> from)).trailing_zeros().min(64 - from);
                let run = start + from..start + from + length;
                match runs.last_mut() {
                    Some(last) if last.end == run.start => last.end = run.end,
                    _ => runs.push(run),
                }
                rest = if from + length == 64 { 0 } else { rest >> (from + length) << (from + length) };
            }
        }
        runs
    }

    /// The runs of voxels that are not set, of a row of the mask with a border; voxels count from 1.
    fn gaps(&self, layer: usize, row: usize) -> Vec<Range<u32>> {
        let inside = (1..=self.shape[0]).contains(&layer) && (1..=self.shape[1]).contains(&row);
        let runs = if inside { self.runs(layer - 1, row - 1) } else { Vec::new() };
        let starts = std::iter::once(0).chain(runs.iter().map(|run| run.end + 1));
        let ends = runs.iter().map(|run| run.start + 1).chain([self.shape[2] as u32 + 2]);
        starts.zip(ends).map(|(start, end)| start..end).collect()
    }

    /// How many components runs form that touch along axes, or also across corners.
    fn components(
        &self,
        [layers, in_layer, _]: [usize; 3],
        corners: bool,
        runs: impl Fn(usize, usize) -> Vec<Range<u32>>,
    ) -> u64 {
        let reach = u32::from(corners);
        let mut parents: Vec<u32> = Vec::new();
        let mut components = 0;
        // Of the layer before and of this layer: the runs of every row, and the number of the first.
        let mut before: Vec<(Vec<Range<u32>>, u32)> = Vec::new();
        for layer in 0..layers {
            let mut here: Vec<(Vec<Range<u32>>, u32)> = Vec::with_capacity(in_layer);
            for row in 0..in_layer {
                let own = runs(layer, row);
                let first = parents.len() as u32;
                parents.extend(first..first + own.len() as u32);
                components += own.len() as u64;
                let nearest = row.saturating_sub(reach as usize)..(row + reach as usize + 1).min(in_layer);
                let neighbours = here.last().into_iter().chain(before.get(nearest).into_iter().flatten());
                for (others, first_other) in neighbours {
                    for (a, b) in touching(&own, others, reach) {
                        components -= u64::from(unite(&mut parents, first + a, first_other + b));
                    }
                }
                here.push((own, first));
            }
            before = here;
        }
        components
    }
}

/// The sum of the runs of a row, less those of it with each neighbour, plus those of all four.
fn alternating_runs(near: [&[u64]; 4], words: usize, combine: impl Fn(u64, u64) -> u64) -> i64 {
    if near.iter().all(|row| row.is_empty()) {
        return 0;
    }
    let (mut sum, mut carries) = (0, [0; 4]);
    for index in 0..words {
        let [a, b, c, d] = near.map(|row| row.get(index).copied().unwrap_or(0));
        let rows = [a, combine(a, b), combine(a, c), combine(combine(a, b), combine(c, d))];
        for ((word, carry), sign) in rows.into_iter().zip(&mut carries).zip([1, -1, -1, 1]) {
            sum += sign * i64::from((word & !(word << 1 | *carry)).count_ones());
            *carry = word >> 63;
        }
    }
    sum
}

/// The numbers of runs of two rows that share a voxel, or come within `reach`.
fn touching(first: &[Range<u32>], second: &[Range<u32>], reach: u32) -> impl Iterator<Item = (u32, u32)> {
    let (mut i, mut j) = (0, 0);
    std::iter::from_fn(move || {
        while i < first.len() && j < second.len() {
            let (a, b) = (&first[i], &second[j]);
            let pair = (i as u32, j as u32);
            let touch = a.start < b.end + reach && b.start < a.end + reach;
            if a.end < b.end {
                i += 1;
            } else {
                j += 1;
            }
            if touch {
                return Some(pair);
            }
        }
        None
    })
}

/// Joins two components; whether they were two.
fn unite(parents: &mut [u32], a: u32, b: u32) -> bool {
    let mut root = |mut run: u32| {
        while parents[run as usize] != run {
            parents[run as usize] = parents[parents[run as usize] as usize];
            run = parents[run as usize];
        }
        run
    };
    let (a, b) = (root(a), root(b));
    parents[a.max(b) as usize] = a.min(b);
    a != b
}
