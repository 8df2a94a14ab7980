//! Scores dealt to narrow cells, so that those above any number are found without a sort.
//!
//! The top bits of keys, which order like scores, tell coarse cells; the scores of each, from the lowest to the
//! highest that occurs, are divided evenly into cells of a few. Wherever scores lie, one shift and one product find
//! the cell. Scores keep the order of the input within a cell, except in one that is crowded: it is sorted.

use super::division::Division;
use super::samples::{Class, Extent};
use crate::grid::Grid;
use crate::keys::Score;
use crate::platform::{Work, widest, zeros};
use crate::ranking::{higher, lower};
use std::marker::PhantomData;
use std::ops::Range;

/// Scores of a block.
pub(super) const BLOCK: usize = 8;

/// A cell of so many scores lies in two neighbouring blocks, wherever it starts.
const MOST_PER_CELL: usize = BLOCK + 1;

/// Wanted number of scores of a cell.
const PER_CELL: usize = 3;

/// Wanted number of scores of a coarse cell.
const PER_COARSE_CELL: usize = 16;

/// More coarse cells cost cache, and misses in the translation of addresses.
const MOST_COARSE_CELLS: usize = 1 << 11;

/// Samples whose coarse cells are found side by side.
const BATCH: usize = 64;

/// A sample as it moves to its cell.
pub(super) trait Source: Copy + Default + Send + Sync {
    /// Belongs to no cell, and is on neither side of any threshold.
    const NONE: Self;

    fn new(score: f64, weight: f64) -> Self;
    fn score(self) -> f64;
    fn weight(self) -> f64;
}

impl Source for f64 {
    const NONE: Self = f64::NAN;

    #[inline(always)]
    fn new(score: f64, _: f64) -> Self {
        score
    }

    #[inline(always)]
    fn score(self) -> f64 {
        self
    }

    #[inline(always)]
    fn weight(self) -> f64 {
        1.0
    }
}

/// A score and its weight.
impl Source for [f64; 2] {
    const NONE: Self = [f64::NAN, 0.0];

    #[inline(always)]
    fn new(score: f64, weight: f64) -> Self {
        [score, weight]
    }

    #[inline(always)]
    fn score(self) -> f64 {
        self[0]
    }

    #[inline(always)]
    fn weight(self) -> f64 {
        self[1]
    }
}

/// The samples of a class in the order of their cells.
#[derive(Clone, Default)]
pub(super) struct Sources<E> {
    count: usize,
    grid: Grid<u64>,
    lowest: f64,
    highest: f64,
    /// Of the scores of each coarse cell.
    divisions: Vec<Division>,
    /// Where each cell starts; then where the last one ends.
    starts: Vec<u32>,
    /// Samples by cells, and then two blocks of none.
    blocks: Vec<[E; BLOCK]>,
}

/// The samples of a class, near to near ones.
#[derive(Clone, Default)]
pub(super) struct Receivers<E> {
    /// By coarse cells, within each in the order of the input.
    samples: Vec<E>,
    /// Where each coarse cell starts.
    starts: Vec<u32>,
    /// The coarse cell of each sample, in the order of the input.
    cells: Vec<u16>,
}

impl<E: Source> Receivers<E> {
    /// To be replaced by what they receive, as a score.
    pub(super) fn as_mut_slice(&mut self) -> &mut [E] {
        &mut self.samples
    }

    /// The scores, in the order of the input.
    pub(super) fn in_order(mut self) -> Vec<f64> {
        let mut in_order = zeros(self.cells.len());
        for (score, &cell) in in_order.iter_mut().zip(&self.cells) {
            let place = &mut self.starts[usize::from(cell)];
            *score = self.samples[*place as usize].score();
            *place += 1;
        }
        in_order
    }
}

/// Both orders of the samples of a class.
pub(super) fn deal<S: Score + Into<f64>, E: Source>(class: Class<'_, S>) -> (Sources<E>, Receivers<E>) {
    widest(Deal { class, entry: PhantomData })
}

impl<E: Source> Sources<E> {
    /// The samples, cell by cell.
    pub(super) fn as_slice(&self) -> &[E] {
        &self.blocks.as_flattened()[..self.count]
    }

    pub(super) fn count_blocks(&self) -> usize {
        self.blocks.len() - 2
    }

    /// A block and the next, for a block up to one beyond the last.
    #[inline(always)]
    pub(super) fn window(&self, block: usize) -> [&[E; BLOCK]; 2] {
        [&self.blocks[block], &self.blocks[block + 1]]
    }

    /// A block that parts scores, when `is_beyond` does: those of the blocks before are not beyond, those from two
    /// blocks later on are. `near` is the score at which it changes, or its neighbour.
    #[inline(always)]
    pub(super) fn part(&self, near: f64, is_beyond: impl Fn(f64) -> bool) -> usize {
        let near = lower(higher(near, self.lowest), self.highest);
        let cell = self.divisions[self.grid.bin(near.key()) as usize].cell(near) as usize;
        let (start, end) = (self.starts[cell] as usize, self.starts[cell + 1] as usize);
        let block = start / BLOCK;
        if end <= (block + 2) * BLOCK { block } else { self.part_crowded(start..end, is_beyond) }
    }

    /// [`Self::part`] in a cell whose scores ascend.
    #[cold]
    fn part_crowded(&self, cell: Range<usize>, is_beyond: impl Fn(f64) -> bool) -> usize {
        let own = &self.as_slice()[cell.clone()];
        let below = match (is_beyond(own[0].score()), is_beyond(own[own.len() - 1].score())) {
            (true, _) => 0,
            (_, false) => own.len(),
            _ => own.partition_point(|sample| !is_beyond(sample.score())),
        };
        (cell.start + below) / BLOCK
    }
}

/// Makes [`Sources`] and [`Receivers`].
struct Deal<'a, S, E> {
    class: Class<'a, S>,
    entry: PhantomData<E>,
}

impl<S: Score + Into<f64>, E: Source> Work for Deal<'_, S, E> {
    type Output = (Sources<E>, Receivers<E>);

    #[inline(always)]
    fn run(self) -> (Sources<E>, Receivers<E>) {
        let class = self.class;
        let count = class.len();
        let Extent { lowest, highest, around_zero } = class.extent;
        let around_zero = around_zero.map(|(below, above)| (below.key(), above.key()));
        let most = (count / PER_COARSE_CELL).clamp(2, MOST_COARSE_CELLS) as u32;
        let grid = Grid::with_bins(most, lowest.key(), highest.key(), around_zero);

        let (mut lengths, mut cells) = (vec![0; grid.bins], zeros(count));
        for (scores, cells) in class.scores.chunks(BATCH).zip(cells.chunks_mut(BATCH)) {
            for index in 0..cells.len() {
                cells[index] = grid.bin(scores[index].into().key()) as u16;
            }
            for index in 0..cells.len() {
                lengths[usize::from(cells[index])] += 1;
            }
        }
        let mut coarse_starts = lengths.clone();
        sum_before(&mut coarse_starts);
        let (mut next, mut samples) = (coarse_starts.clone(), zeros::<E>(count));
        for index in 0..count {
            let place = &mut next[usize::from(cells[index])];
            samples[*place as usize] = E::new(class.score(index), class.weight(index));
            *place += 1;
        }

        let mut blocks: Vec<[E; BLOCK]> = zeros(count.div_ceil(BLOCK) + 2);
        let dealt = blocks.as_flattened_mut();
        dealt[count..].fill(E::NONE);
        let most = lengths.iter().map(|&length| cells_for(length as usize)).sum::<usize>();
        let mut starts: Vec<u32> = zeros(most + 1);
        let mut numbers = vec![0; lengths.iter().fold(0, |most, &length| length.max(most)) as usize];
        let mut divisions = Vec::with_capacity(grid.bins);
        let (mut start, mut first) = (0, 0);
        for length in lengths {
            let range = start..start + length as usize;
            let (own, places) = (&samples[range.clone()], &mut dealt[range.clone()]);
            let (division, cells) = Division::of(own, cells_for(own.len()));
            let ends = &mut starts[first + 1..=first + cells];
            if cells == 1 {
                places.copy_from_slice(own);
                ends[0] = range.end as u32;
            } else {
                deal_cell(own, division, &mut numbers[..own.len()], ends, places);
                sort_crowded(places, ends);
                ends.iter_mut().for_each(|end| *end += start as u32);
            }
            divisions.push(division.numbered_from(first));
            start = range.end;
            first += cells;
        }
        let sources = Sources { count, grid, lowest, highest, divisions, starts, blocks };
        (sources, Receivers { samples, starts: coarse_starts, cells })
    }
}

fn cells_for(count: usize) -> usize {
    (count / PER_CELL).max(1)
}

/// Replaces each number by the sum of those before.
#[inline(always)]
fn sum_before(numbers: &mut [u32]) {
    let mut sum = 0;
    for number in numbers {
        sum += std::mem::replace(number, sum);
    }
}

/// Copies samples to their cells, in the order they come within each; tells their cells, and where these end.
#[inline(always)]
fn deal_cell<E: Source>(
    samples: &[E],
    division: Division,
    cells: &mut [u32],
    ends: &mut [u32],
    places: &mut [E],
) {
    for index in 0..cells.len() {
        cells[index] = division.cell(samples[index].score());
    }
    for index in 0..cells.len() {
        ends[cells[index] as usize] += 1;
    }
    sum_before(ends);
    for index in 0..cells.len() {
        let place = &mut ends[cells[index] as usize];
        places[*place as usize] = samples[index];
        *place += 1;
    }
}

/// Sorts the cells that may not lie in two neighbouring blocks.
#[inline(always)]
fn sort_crowded<E: Source>(places: &mut [E], ends: &[u32]) {
    let mut start = 0;
    for &end in ends {
        let end = end as usize;
        if end - start > MOST_PER_CELL {
            places[start..end].sort_unstable_by(|a, b| a.score().total_cmp(&b.score()));
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::Side;
    use super::*;
    use crate::random::Random;

    /// Blocks part all scores, for thresholds at, between and beyond them.
    fn check<E: Source>(scores: &[f64]) {
        let weights = vec![1.0; scores.len()];
        let class = Class::new(scores, Some(&weights), Side::Positives).unwrap();
        for class in [class, class.group(0..scores.len())] {
            let (sources, receivers) = deal::<f64, E>(class);
            let mut dealt: Vec<f64> = sources.as_slice().iter().map(|sample| sample.score()).collect();
            assert_eq!(receivers.in_order(), scores);
            for index in (0..scores.len()).step_by(7) {
                let near = scores[index];
                for threshold in [near, near.next_up(), near.next_down(), near + 0.01, -1e300, 1e300] {
                    for is_beyond in [|score, from| score > from, |score: f64, from| score >= from] {
                        let block = sources.part(threshold, |score| is_beyond(score, threshold));
                        let (first, last) =
                            (dealt.len().min(block * BLOCK), dealt.len().min((block + 2) * BLOCK));
                        assert!(dealt[..first].iter().all(|&score| !is_beyond(score, threshold)));
                        assert!(dealt[last..].iter().all(|&score| is_beyond(score, threshold)));
                    }
                }
            }
            dealt.sort_unstable_by(f64::total_cmp);
            let mut sorted = scores.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            assert_eq!(dealt, sorted);
        }
    }

    #[test]
    fn blocks_part_scores_wherever_they_lie() {
        let mut random = Random::stream(11, 0);
        let mut uniform = || (random.word() >> 11) as f64 / (1_u64 << 53) as f64;
        let scores: Vec<f64> = (0..1500).map(|_| uniform() + uniform() + uniform() - 1.5).collect();
        let changes: [fn(f64) -> f64; 8] = [
            |score| score,
            |_| 0.25,
            |score| if score < 0.3 { 1e-3 } else { 2.0 },
            |score| if score < 0.0 { score } else { score + 1e6 },
            |score| (score * 20.0).round() / 20.0,
            |score| score.powi(31),
            |score| if score > 0.0 { 1e30 * score } else { 1e-30 * score },
            |score| if score.abs() > 1.2 { 1e150 * score.signum() } else { score },
        ];
        for change in changes {
            let mut scores: Vec<f64> = scores.iter().map(|&score| change(score)).collect();
            for count in [1, 8, 9, 1500] {
                check::<f64>(&scores[..count]);
            }
            scores.sort_unstable_by(f64::total_cmp);
            check::<f64>(&scores);
            scores.reverse();
            check::<[f64; 2]>(&scores);
        }
    }
}
