//! The cells that may join two components, in their order.
//!
//! An event is a word: the code of the cell's level, the cell, and of an edge which end is the higher. Cells are listed
//! in their order, so that a stable sort by code leaves ties in order.

use super::buffers::Buffer;
use super::lattice::{self, Cell, Lattice};
use super::levels::{Filtration, Level};

/// Bits of a digit of the sort.
const DIGIT: u32 = 11;

/// Below, comparing is faster than counting.
const FEW: usize = 1 << 9;

/// Insertion moves at most so many words each, on average.
const MOST_MOVES: usize = 8;

/// Events from the oldest to the youngest.
pub(super) struct Events(pub(super) Buffer<u64>);

impl Events {
    /// Sorts cells that are listed in their order, by their levels; with those of edges comes whether the far end is as
    /// high.
    pub(super) fn new<L: Level, const D: usize>(
        filtration: &Filtration<L, D>,
        cells: &[Cell],
        level: impl Fn(Cell) -> (L, bool),
    ) -> Self {
        let mut words = Buffer::with_capacity(cells.len());
        words.extend(cells.iter().map(|&cell| {
            let (level, is_far) = level(cell);
            u64::from(filtration.code(level)) << 32 | u64::from(cell << 1 | u32::from(is_far))
        }));
        sort(&mut words);
        if filtration.codes_collide() {
            let level = |word: u64| level(cell(word)).0.key();
            for agreeing in words.chunk_by_mut(|&a, &b| a >> 32 == b >> 32) {
                if agreeing.len() > 1 && !agreeing.is_sorted_by_key(|&word| level(word)) {
                    agreeing.sort_by_cached_key(|&word| level(word));
                }
            }
        }
        Self(words)
    }

    /// The cells from the oldest to the youngest.
    pub(super) fn in_order(&self) -> impl Iterator<Item = Cell> + '_ {
        self.0.iter().map(|&word| cell(word))
    }
}

/// The cell of an event.
#[inline(always)]
pub(super) fn cell(word: u64) -> Cell {
    word as Cell >> 1
}

/// Whether the far end gives the edge of an event its level.
#[inline(always)]
pub(super) fn is_far(word: u64) -> bool {
    word & 1 == 1
}

/// The cells that have a bit in the mask of their base, and are in the image, in their order.
pub(super) fn cells_of_masks<const D: usize>(
    lattice: &Lattice<D>,
    masks: &[u8],
    is_inside: impl Fn(Cell) -> bool,
) -> Buffer<Cell> {
    let mut cells = Buffer::with_capacity(lattice.places / 2);
    for start in lattice.rows() {
        let row = &masks[start..start + lattice.row_length()];
        for (eight, first) in row.chunks(8).zip((start..).step_by(8)) {
            let mut bits = match eight.try_into() {
                Ok(eight) => u64::from_le_bytes(eight),
                Err(_) => eight.iter().rev().fold(0, |bits, &byte| bits << 8 | u64::from(byte)),
            };
            while bits != 0 {
                let bit = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let cell = lattice::cell(first + bit / 8, bit % 8);
                if is_inside(cell) {
                    cells.push(cell);
                }
            }
        }
    }
    cells
}

/// Sorts words: two passes by digit over the upper bits of the upper halves, then insertion.
pub(super) fn sort(words: &mut Vec<u64>) {
    if words.len() < FEW {
        words.sort_unstable();
        return;
    }
    let codes = || words.iter().map(|&word| word >> 32);
    let (lowest, highest) = codes().fold((u64::MAX, 0), |(low, high), code| (low.min(code), high.max(code)));
    let bits = u64::BITS - (highest - lowest).leading_zeros();
    if bits == 0 {
        if !words.is_sorted() {
            words.sort_unstable();
        }
        return;
    }
    let rest = bits.saturating_sub(2 * DIGIT);
    let digit = |word: u64, pass: u32| ((word >> 32) - lowest) >> (rest + pass * DIGIT) & ((1 << DIGIT) - 1);
    let mut counts = [[0_u32; 1 << DIGIT]; 2];
    for &word in words.iter() {
        counts[0][digit(word, 0) as usize] += 1;
        counts[1][digit(word, 1) as usize] += 1;
    }
    let mut spare = Buffer::filled(0, words.len());
    for (pass, counts) in (0..).zip(&mut counts) {
        if pass * DIGIT >= bits {
            break;
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            start += std::mem::replace(count, start);
        }
        for &word in words.iter() {
            let next = &mut counts[digit(word, pass) as usize];
            spare[*next as usize] = word;
            *next += 1;
        }
        std::mem::swap(words, &mut *spare);
    }
    insert(words);
}

/// Insertion sort, unless too much would move.
fn insert(words: &mut [u64]) {
    let mut moves = 0;
    for place in 1..words.len() {
        let word = words[place];
        let mut hole = place;
        while hole > 0 && words[hole - 1] > word {
            words[hole] = words[hole - 1];
            hole -= 1;
        }
        words[hole] = word;
        moves += place - hole;
        if moves > MOST_MOVES * words.len() {
            words.sort_unstable();
            return;
        }
    }
}
