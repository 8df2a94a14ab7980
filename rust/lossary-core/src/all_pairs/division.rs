//! A range of scores divided evenly into cells.

#![allow(clippy::needless_range_loop, reason = "loops that are compiled for wide registers")]

use super::sources::{BLOCK, Source};
use crate::ranking::{higher, lower};

/// A float of this size ends with the bits of its integer part.
const ONES: f64 = (1_u64 << 52) as f64;

/// An even division of a range of scores into cells.
#[derive(Clone, Copy, Default)]
pub(super) struct Division {
    lowest: f64,
    /// Cells per score, or 0 where the range is too small to divide.
    per_score: f64,
    /// The last cell, counted from the first.
    last: f64,
    /// Number of the first cell.
    first: u32,
}

impl Division {
    /// Of the scores of samples, into `cells` at most, one or more; into one where all are equal.
    #[inline(always)]
    pub(super) fn of<E: Source>(samples: &[E], cells: usize) -> (Self, usize) {
        let (mut lowest, mut highest) = ([f64::INFINITY; BLOCK], [f64::NEG_INFINITY; BLOCK]);
        let (rows, rest) = samples.as_chunks::<BLOCK>();
        for row in rows {
            for lane in 0..BLOCK {
                lowest[lane] = lower(lowest[lane], row[lane].score());
            }
            for lane in 0..BLOCK {
                highest[lane] = higher(highest[lane], row[lane].score());
            }
        }
        for sample in rest {
            lowest[0] = lower(lowest[0], sample.score());
            highest[0] = higher(highest[0], sample.score());
        }
        for lane in 1..BLOCK {
            lowest[0] = lower(lowest[0], lowest[lane]);
            highest[0] = higher(highest[0], highest[lane]);
        }
        let (lowest, highest) = (lowest[0], highest[0]);
        if lowest >= highest {
            return (Self { lowest, per_score: 0.0, last: 0.0, first: 0 }, 1);
        }
        let last = (cells - 1) as f64;
        let per_score = last / (highest - lowest);
        let per_score = if per_score.is_finite() { per_score } else { 0.0 };
        (Self { lowest, per_score, last, first: 0 }, cells)
    }

    /// The same cells, numbered from another on.
    pub(super) fn numbered_from(self, first: usize) -> Self {
        Self { first: first as u32, ..self }
    }

    /// That of a score; the nearest cell for one out of the range.
    #[inline(always)]
    pub(super) fn cell(&self, score: f64) -> u32 {
        let place = higher(0.0, (score - self.lowest) * self.per_score);
        self.first + (lower(self.last, place) + ONES).to_bits() as u32
    }
}
