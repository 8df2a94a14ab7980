//! Symmetric patterns of matrices over items, from the first number of each row to the diagonal.
//!
//! Items are numbered so that those that meet in a list are near each other; elimination then stays within the
//! envelope. Where every item meets every other, it is the whole triangle.
//!
//! Source: Cuthill and McKee, Reducing the bandwidth of sparse symmetric matrices, ACM 1969; George and Liu,
//! Computer solution of large sparse positive definite systems, Prentice-Hall 1981.

use super::rankings::Rankings;
use crate::platform::{Work, widest};
use std::collections::VecDeque;

/// Numbers of an envelope beyond which it is not worth its time: a minute or so.
const LARGEST: usize = 1 << 25;

/// Entries per item that are enough to number items by; the envelope is that of all.
const ENTRIES: usize = 64;

/// Places that a sum goes through side by side.
const LANES: usize = 8;

/// Where the rows of a lower triangle lie.
#[derive(Debug)]
pub(super) struct Envelope {
    /// Of each item its row.
    pub places: Vec<u32>,
    /// First column of each row.
    first: Vec<usize>,
    /// Where column 0 of each row would lie, modulo 2^64.
    origins: Vec<usize>,
    /// How many numbers there are.
    pub size: usize,
}

impl Envelope {
    /// The envelope of all pairs of items that meet in a list; None where it is too large. `full` takes in every
    /// pair.
    pub fn new(rankings: &Rankings, full: bool) -> Option<Self> {
        let count = rankings.count;
        let places = numbering(rankings);
        let mut first: Vec<usize> = (0..count).collect();
        if full {
            first.fill(0);
        }
        for list in rankings.lists() {
            let lowest = list.iter().map(|&item| places[item as usize] as usize).min().unwrap_or(0);
            for &item in list {
                let row = places[item as usize] as usize;
                first[row] = first[row].min(lowest);
            }
        }
        let (mut origins, mut size) = (Vec::with_capacity(count), 0_usize);
        for (row, first) in first.iter().enumerate() {
            origins.push(size.wrapping_sub(*first));
            size += row - first + 1;
            if size > LARGEST {
                return None;
            }
        }
        Some(Self { places, first, origins, size })
    }

    /// Where a number of the lower triangle lies.
    #[inline(always)]
    pub fn index(&self, row: usize, column: usize) -> usize {
        self.origins[row].wrapping_add(column)
    }

    pub fn zeros(&self) -> Vec<f64> {
        vec![0.0; self.size]
    }

    /// How many products an elimination takes.
    pub fn work(&self) -> f64 {
        self.first.iter().enumerate().map(|(row, first)| ((row - first) as f64).powi(2)).sum::<f64>() / 2.0
    }

    /// Calls `visit` with the row, the column and the index of every number below the diagonal.
    #[inline(always)]
    pub fn for_each_below(&self, mut visit: impl FnMut(usize, usize, usize)) {
        for (row, &first) in self.first.iter().enumerate() {
            for column in first..row {
                visit(row, column, self.index(row, column));
            }
        }
    }

    /// The first column of a row, and its numbers from there to the diagonal.
    #[inline(always)]
    pub fn row_mut<'a>(&self, numbers: &'a mut [f64], row: usize) -> (usize, &'a mut [f64]) {
        let first = self.first[row];
        (first, &mut numbers[self.index(row, first)..=self.index(row, row)])
    }

    fn rows(&self) -> usize {
        self.first.len()
    }

    #[inline(always)]
    fn slice<'a>(&self, numbers: &'a [f64], row: usize, columns: (usize, usize)) -> &'a [f64] {
        &numbers[self.index(row, columns.0)..self.index(row, columns.1)]
    }

    /// The Cholesky factor of the leading rows, in place; false where they are not positive definite.
    pub fn factor(&self, numbers: &mut [f64], rows: usize) -> bool {
        widest(Factor { envelope: self, numbers, rows })
    }

    /// Solves with the factor, in place.
    pub fn solve(&self, factor: &[f64], vector: &mut [f64]) {
        let rows = vector.len();
        for row in 0..rows {
            let first = self.first[row];
            let sum = dot(self.slice(factor, row, (first, row)), &vector[first..row]);
            vector[row] = (vector[row] - sum) / factor[self.index(row, row)];
        }
        for row in (0..rows).rev() {
            let first = self.first[row];
            let value = vector[row] / factor[self.index(row, row)];
            vector[row] = value;
            for (place, number) in vector[first..row].iter_mut().zip(self.slice(factor, row, (first, row))) {
                *place -= value * number;
            }
        }
    }

    /// Logarithms of the stationary vector of rates, whose memory is used up: `above` holds those from a lower number to a higher one, by the
    /// higher; `below` those from a higher to a lower, by the higher.
    ///
    /// Source: Grassmann, Taksar and Heyman, Regenerative analysis and steady state distributions for Markov chains,
    /// Operations Research 33, 1985: no subtraction, so every number keeps its digits.
    pub fn stationary(&self, above: &mut [f64], below: &mut [f64]) -> Vec<f64> {
        widest(Stationary { envelope: self, above, below })
    }
}

/// Rows of items: breadth first through the lists, from an item at the border of the graph, and turned round.
fn numbering(rankings: &Rankings) -> Vec<u32> {
    let count = rankings.count;
    let mut starts = vec![0; count + 1];
    let taken =
        rankings.offsets.partition_point(|&start| start < ENTRIES * count).min(rankings.offsets.len() - 1);
    let entries = &rankings.items[..rankings.offsets[taken]];
    for &item in entries {
        starts[item as usize + 1] += 1;
    }
    for item in 0..count {
        starts[item + 1] += starts[item];
    }
    let (mut next, mut lists) = (starts.clone(), vec![0_u32; entries.len()]);
    for (number, list) in rankings.lists().take(taken).enumerate() {
        for &item in list {
            let place = &mut next[item as usize];
            lists[*place] = number as u32;
            *place += 1;
        }
    }
    let walk = |roots: &mut dyn Iterator<Item = usize>| {
        let (mut order, mut queue) = (Vec::with_capacity(count), VecDeque::new());
        let (mut seen, mut read) = (vec![false; count], vec![false; rankings.offsets.len()]);
        for root in roots {
            if !std::mem::replace(&mut seen[root], true) {
                queue.push_back(root);
            }
            while let Some(item) = queue.pop_front() {
                order.push(item);
                for &list in &lists[starts[item]..starts[item + 1]] {
                    let list = list as usize;
                    if std::mem::replace(&mut read[list], true) {
                        continue;
                    }
                    for &other in &rankings.items[rankings.offsets[list]..rankings.offsets[list + 1]] {
                        if !std::mem::replace(&mut seen[other as usize], true) {
                            queue.push_back(other as usize);
                        }
                    }
                }
            }
        }
        order
    };
    let order = walk(&mut (0..count));
    let order = walk(&mut order.into_iter().rev());
    let mut places = vec![0; count];
    for (place, item) in order.into_iter().rev().enumerate() {
        places[item] = place as u32;
    }
    places
}

#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let length = a.len().min(b.len());
    let (a, b) = (&a[..length], &b[..length]);
    let (mut lanes, mut sum) = ([0.0; LANES], 0.0);
    let (wide, rest) = (a.chunks_exact(LANES), length / LANES * LANES);
    for (a, b) in wide.zip(b.chunks_exact(LANES)) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    for place in rest..length {
        sum += a[place] * b[place];
    }
    for lane in lanes {
        sum += lane;
    }
    sum
}

struct Factor<'a> {
    envelope: &'a Envelope,
    numbers: &'a mut [f64],
    rows: usize,
}

impl Work for Factor<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Self { envelope, numbers, rows } = self;
        for row in 0..rows {
            let (earlier, own) = numbers.split_at_mut(envelope.index(row, envelope.first[row]));
            let first = envelope.first[row];
            for column in first..row {
                let shared = first.max(envelope.first[column]);
                let other = envelope.slice(earlier, column, (shared, column));
                let sum = dot(other, &own[shared - first..column - first]);
                own[column - first] = (own[column - first] - sum) / earlier[envelope.index(column, column)];
            }
            let (left, diagonal) = own.split_at_mut(row - first);
            let pivot = diagonal[0] - dot(left, left);
            // NaN is none either.
            if pivot.is_nan() || pivot <= 0.0 {
                return false;
            }
            diagonal[0] = pivot.sqrt();
        }
        true
    }
}

struct Stationary<'a> {
    envelope: &'a Envelope,
    above: &'a mut [f64],
    below: &'a mut [f64],
}

impl Work for Stationary<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run(self) -> Vec<f64> {
        let Self { envelope, above, below } = self;
        let rows = envelope.rows();
        // Rows that reach back to a column: with first columns that need not rise, the last such row.
        let mut reach: Vec<usize> = (0..rows).collect();
        for row in 0..rows {
            let first = envelope.first[row];
            reach[first] = reach[first].max(row);
        }
        for row in 1..rows {
            reach[row] = reach[row].max(reach[row - 1]);
        }
        for step in 0..rows {
            let mut leaving = 0.0;
            for row in step + 1..=reach[step] {
                let first = envelope.first[row];
                if first > step {
                    continue;
                }
                let shared = first.max(envelope.first[step]);
                let index = envelope.index(row, step);
                above[index] += dot(
                    envelope.slice(below, step, (shared, step)),
                    envelope.slice(above, row, (shared, step)),
                );
                below[index] += dot(
                    envelope.slice(below, row, (shared, step)),
                    envelope.slice(above, step, (shared, step)),
                );
                leaving += above[index];
            }
            for row in step + 1..=reach[step] {
                if envelope.first[row] <= step {
                    below[envelope.index(row, step)] /= leaving;
                }
            }
        }
        let mut vector = vec![1.0; rows];
        for step in (0..rows.saturating_sub(1)).rev() {
            let mut sum = 0.0;
            for row in step + 1..=reach[step] {
                if envelope.first[row] <= step {
                    sum += vector[row] * below[envelope.index(row, step)];
                }
            }
            vector[step] = sum;
        }
        if vector.iter().all(|number| number.is_normal()) {
            return vector.into_iter().map(f64::ln).collect();
        }
        // Numbers beyond the exponents of doubles: the same sums, of logarithms.
        vector.fill(0.0);
        for step in (0..rows.saturating_sub(1)).rev() {
            let term = |row: usize| vector[row] + below[envelope.index(row, step)].ln();
            let rows = || (step + 1..=reach[step]).filter(|&row| envelope.first[row] <= step);
            let highest = rows().map(term).fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = rows().map(|row| (term(row) - highest).exp()).sum();
            vector[step] = highest + sum.ln();
        }
        vector
    }
}
