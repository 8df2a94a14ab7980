//! Minus the second derivatives of the likelihood, below the diagonal.
//!
//! Of two items of a list it is minus their worths times the sum, over the choices that had both, of the squared inverse
//! of the pool. That sum rises with the rank up to which it goes: of two ranks the smaller sum counts. So the items of
//! many lists can be taken row by row of the matrix, whatever their ranks, and the row that is written stays in the
//! nearest cache.

use super::envelope::Envelope;
use super::pass;
use super::rankings::Choices;
use super::{blocks, prior::Prior};
use crate::platform::{Work, widest};
use crate::threads;
use std::ops::Range;

/// Entries of the lists that are taken together: what is kept of them stays in the second-level cache.
const CHUNK: usize = 1 << 15;

/// Numbers of the matrices that are summed side by side.
const MOST_NUMBERS: usize = 1 << 22;

/// Most matrices that are summed side by side.
const MOST_PARTS: usize = 8;

/// Worths below it, in units of the highest, have no place in products of four.
const LEAST_WORTH: f64 = 1e-130;

/// The matrix of minus the second derivatives, with those of the prior.
pub(super) fn information(choices: &Choices, prior: Prior, envelope: &Envelope, theta: &[f64]) -> Vec<f64> {
    let worths = pass::worths(theta).filter(|worths| worths.iter().all(|&worth| worth >= LEAST_WORTH));
    let mut numbers = match worths {
        Some(worths) => of_worths(choices, envelope, &worths),
        None => of_pairs(choices, envelope, theta),
    };
    // Rows sum to nothing.
    let mut diagonal = vec![0.0; choices.count];
    envelope.for_each_below(|row, column, index| {
        diagonal[row] -= numbers[index];
        diagonal[column] -= numbers[index];
    });
    for (item, &place) in envelope.places.iter().enumerate() {
        let row = place as usize;
        numbers[envelope.index(row, row)] = diagonal[row] + prior.derivatives(theta[item]).1;
    }
    numbers
}

/// Where no scale holds all worths.
fn of_pairs(choices: &Choices, envelope: &Envelope, theta: &[f64]) -> Vec<f64> {
    let mut numbers = envelope.zeros();
    choices.for_each_pair(theta, &envelope.places, |winner, other, share, curvature| {
        numbers[envelope.index(winner.max(other), winner.min(other))] -= share * curvature;
    });
    numbers
}

fn of_worths(choices: &Choices, envelope: &Envelope, worths: &[f64]) -> Vec<f64> {
    let chunks = blocks(&choices.rankings.offsets, CHUNK.max(choices.count));
    // Cut by what there is, not by threads, so that sums are the same for any number of them.
    let parts = (MOST_NUMBERS / envelope.size).clamp(1, MOST_PARTS);
    let jobs = chunks.chunks(chunks.len().div_ceil(parts).max(1)).collect();
    let threads = threads::threads_for(choices.rankings.items.len());
    let found = threads::map(jobs, threads, |chunks: &[Range<usize>]| {
        widest(Sums { choices, envelope, worths, chunks })
    });
    let mut found = found.into_iter();
    let mut numbers = found.next().unwrap_or_else(|| envelope.zeros());
    for part in found {
        for (sum, number) in numbers.iter_mut().zip(part) {
            *sum += number;
        }
    }
    let mut of_rows = vec![0.0; choices.count];
    for (&place, &worth) in envelope.places.iter().zip(worths) {
        of_rows[place as usize] = worth;
    }
    envelope.for_each_below(|row, column, index| numbers[index] *= -of_rows[row] * of_rows[column]);
    numbers
}

/// Of every two items, the sum of the squared inverses of the pools that held both.
struct Sums<'a> {
    choices: &'a Choices,
    envelope: &'a Envelope,
    worths: &'a [f64],
    chunks: &'a [Range<usize>],
}

/// What is kept of a chunk of lists.
#[derive(Default)]
struct Chunk {
    /// Of each entry, the sum up to its rank.
    sums: Vec<f64>,
    /// Of each row, where its entries start in `entries`.
    starts: Vec<u32>,
    /// By row: the number of the list in the chunk, and that of the entry.
    entries: Vec<(u32, u32)>,
    /// Of each list, how far the entries of earlier rows fill its part of what follows.
    ends: Vec<u32>,
    /// By list, in the order of rows: the row.
    columns: Vec<u32>,
    /// By list, in the order of rows: the sum.
    ordered: Vec<f64>,
}

impl Work for Sums<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run(self) -> Vec<f64> {
        let mut numbers = self.envelope.zeros();
        let mut chunk = Chunk::default();
        for lists in self.chunks {
            self.sum(lists.clone(), &mut chunk);
            self.order(lists.clone(), &mut chunk);
            self.add(lists.clone(), &mut chunk, &mut numbers);
        }
        numbers
    }
}

impl Sums<'_> {
    #[inline(always)]
    fn sum(&self, lists: Range<usize>, chunk: &mut Chunk) {
        let rankings = &self.choices.rankings;
        let origin = rankings.offsets[lists.start];
        chunk.sums.resize(rankings.offsets[lists.end] - origin, 0.0);
        for list in lists {
            let (start, end) = (rankings.offsets[list], rankings.offsets[list + 1]);
            let items = &rankings.items[start..end];
            let sums = &mut chunk.sums[start - origin..end - origin];
            let weight = self.choices.weight(list);
            let mut pool = 0.0;
            for rank in (0..sums.len()).rev() {
                pool += self.worths[items[rank] as usize];
                sums[rank] = pool;
            }
            // The last of a list has no choice.
            let last = sums.len() - 1;
            let mut total = 0.0;
            for sum in &mut sums[..last] {
                let inverse = 1.0 / *sum;
                total += weight * inverse * inverse;
                *sum = total;
            }
            sums[last] = total;
        }
    }

    #[inline(always)]
    fn order(&self, lists: Range<usize>, chunk: &mut Chunk) {
        let rankings = &self.choices.rankings;
        let origin = rankings.offsets[lists.start];
        let items = &rankings.items[origin..rankings.offsets[lists.end]];
        chunk.starts.clear();
        chunk.starts.resize(self.choices.count + 2, 0);
        for &item in items {
            chunk.starts[self.envelope.places[item as usize] as usize + 2] += 1;
        }
        for row in 2..chunk.starts.len() {
            chunk.starts[row] += chunk.starts[row - 1];
        }
        chunk.entries.resize(items.len(), (0, 0));
        for (number, list) in lists.enumerate() {
            for entry in rankings.offsets[list]..rankings.offsets[list + 1] {
                let row = self.envelope.places[rankings.items[entry] as usize] as usize;
                let place = &mut chunk.starts[row + 1];
                chunk.entries[*place as usize] = (number as u32, (entry - origin) as u32);
                *place += 1;
            }
        }
    }

    #[inline(always)]
    fn add(&self, lists: Range<usize>, chunk: &mut Chunk, numbers: &mut [f64]) {
        let Chunk { sums, starts, entries, ends, columns, ordered } = chunk;
        let offsets = &self.choices.rankings.offsets[lists.start..lists.end];
        let origin = offsets[0];
        ends.clear();
        ends.extend(offsets.iter().map(|&start| (start - origin) as u32));
        columns.resize(sums.len(), 0);
        ordered.resize(sums.len(), 0.0);
        for row in 0..self.choices.count {
            let (first, own) = self.envelope.row_mut(numbers, row);
            for &(list, entry) in &entries[starts[row] as usize..starts[row + 1] as usize] {
                let end = &mut ends[list as usize];
                let earlier = offsets[list as usize] - origin..*end as usize;
                let sum = sums[entry as usize];
                let (columns_before, sums_before) = (&columns[earlier.clone()], &ordered[earlier.clone()]);
                for place in 0..earlier.len() {
                    let other = sums_before[place];
                    own[columns_before[place] as usize - first] += if other < sum { other } else { sum };
                }
                columns[*end as usize] = row as u32;
                ordered[*end as usize] = sum;
                *end += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rankings::Rankings;
    use super::*;
    use crate::random::Random;

    #[test]
    fn rows_of_many_lists_are_summed_as_pairs_one_by_one() -> Result<(), Box<dyn std::error::Error>> {
        for (items, longest, lists) in [(7, 7, 30), (200, 30, 9_000), (40_000, 4, 9_000)] {
            let mut random = Random::stream(1, u64::from(items));
            let (mut entries, mut offsets, mut weights) = (Vec::new(), vec![0], Vec::new());
            for list in 0..lists {
                let start = random.below(items);
                for place in 0..2 + random.below(longest - 1) {
                    entries.push(i64::from((start + 7 * place * place + place) % items));
                }
                entries[offsets[list]..].sort_unstable();
                entries.dedup();
                offsets.push(entries.len());
                weights.push(f64::from(random.below(3)));
            }
            let rankings = Rankings::new(&entries, &offsets, items as usize)?;
            let choices = Choices::new(rankings, Some(&weights));
            let theta: Vec<f64> = (0..items).map(|item| f64::from(item % 11) - 5.0).collect();
            let envelope = Envelope::new(&choices.rankings, false).ok_or("too dense")?;
            let worths = pass::worths(&theta).ok_or("too far apart")?;
            let found = of_worths(&choices, &envelope, &worths);
            for (found, wanted) in found.iter().zip(of_pairs(&choices, &envelope, &theta)) {
                assert!((found - wanted).abs() <= 1e-12 * wanted.abs(), "{items} {found:e} {wanted:e}");
            }
        }
        Ok(())
    }
}
