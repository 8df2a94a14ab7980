//! The levels of voxels and cells, and the order of cells.

use super::PersistenceError;
use super::buffers::{Buffer, Kept};
use super::lattice::{Lattice, Span};
use crate::keys::{Key, Score};

/// A number type of images.
pub trait Voxel: Score {
    /// What levels are compared in: the same numbers.
    type Level: Level;

    /// The level of a voxel.
    fn level(self) -> Self::Level;
}

/// A number that cells are ordered by.
pub trait Level: Score + Kept {
    /// Above all levels of voxels: that of the border.
    const OUTSIDE: Self;
}

impl Level for u32 {
    const OUTSIDE: Self = Self::MAX;
}

impl Level for f32 {
    const OUTSIDE: Self = Self::INFINITY;
}

impl Level for f64 {
    const OUTSIDE: Self = Self::INFINITY;
}

macro_rules! impl_voxel {
    ($($voxel:ty: $level:ty),*) => {$(
        impl Voxel for $voxel {
            type Level = $level;

            #[inline(always)]
            fn level(self) -> $level {
                self.into()
            }
        }
    )*};
}

impl_voxel!(u8: u32, u16: u32, f32: f32, f64: f64);

/// The levels of an image's voxels, with a border above all of them.
pub(super) struct Filtration<L: Level, const D: usize> {
    pub(super) lattice: Lattice<D>,
    pub(super) levels: Buffer<L>,
    lowest: L,
    codes: Codes<L>,
}

/// Maps levels to 32 bits, in their order; different levels may share a code.
#[derive(Clone, Copy)]
struct Codes<L: Score> {
    lowest: L::Key,
    shift: u32,
}

impl<L: Level, const D: usize> Filtration<L, D> {
    /// The levels of the voxels of an image, in its order.
    pub(super) fn new(lattice: Lattice<D>, levels: impl Iterator<Item = L>) -> Self {
        let mut padded = Buffer::filled(L::OUTSIDE, lattice.places);
        let mut rest = levels;
        for start in lattice.rows() {
            let row = &mut padded[start..start + lattice.row_length()];
            row.iter_mut().zip(&mut rest).for_each(|(place, level)| *place = level);
        }
        Self::of_places(lattice, padded)
    }

    /// From levels with their border.
    fn of_places(lattice: Lattice<D>, levels: Buffer<L>) -> Self {
        let (mut lowest, mut highest) = (L::OUTSIDE, None);
        for start in lattice.rows() {
            for &level in &levels[start..start + lattice.row_length()] {
                lowest = if level < lowest { level } else { lowest };
                highest = highest.filter(|&highest| highest >= level).or(Some(level));
            }
        }
        let range = highest.unwrap_or(lowest).key().less(lowest.key()).bin(0);
        let codes = Codes { lowest: lowest.key(), shift: 32_u32.saturating_sub(range.leading_zeros()) };
        Self { lattice, levels, lowest, codes }
    }

    /// The lower of two levels at every voxel: the union of the sublevel sets.
    pub(super) fn union(&self, other: &Self) -> Self {
        let lower = |(&a, &b): (&L, &L)| if b < a { b } else { a };
        let mut levels = Buffer::with_capacity(self.levels.len());
        levels.extend(self.levels.iter().zip(other.levels.iter()).map(lower));
        Self::of_places(self.lattice, levels)
    }

    /// Whether one vertex is older than another.
    #[inline(always)]
    pub(super) fn is_older(&self, a: usize, b: usize) -> bool {
        let (of_a, of_b) = (self.levels[a], self.levels[b]);
        of_a < of_b || (of_a == of_b && a < b)
    }

    /// The level of a cell: that of its highest vertex.
    #[inline(always)]
    pub(super) fn level(&self, base: usize, span: Span) -> L {
        let higher = |a: L, b: L| if b > a { b } else { a };
        let levels = self.lattice.vertices(base, span).map(|vertex| self.levels[vertex]);
        levels.reduce(higher).unwrap_or(L::OUTSIDE)
    }

    /// The level of a top cell; the cell at place 0 stands for all that are not in the image.
    #[inline(always)]
    pub(super) fn top(&self, base: usize) -> L {
        self.level(base, Lattice::<D>::TOP)
    }

    /// Whether a top cell is younger than another.
    #[inline(always)]
    pub(super) fn is_younger_top(&self, a: usize, b: usize) -> bool {
        let (of_a, of_b) = (self.top(a), self.top(b));
        of_a > of_b || (of_a == of_b && a > b)
    }

    /// The position in the image of the voxel that gives a cell its level: the last such vertex, of a cube the first.
    pub(super) fn voxel(&self, base: usize, span: Span) -> u32 {
        let level = self.level(base, span);
        let attains = |vertex: &usize| self.levels[*vertex] == level;
        let mut vertices = self.lattice.vertices(base, span);
        let vertex = if span.count_ones() < 3 { vertices.rfind(attains) } else { vertices.find(attains) };
        self.lattice.position(vertex.unwrap_or(base))
    }

    /// A level in 32 bits.
    #[inline(always)]
    pub(super) fn code(&self, level: L) -> u32 {
        level.key().bin_from(self.codes.lowest, self.codes.shift)
    }

    /// Whether different levels may share a code.
    pub(super) fn codes_collide(&self) -> bool {
        self.codes.shift > 0
    }

    /// The position of the first lowest voxel.
    pub(super) fn oldest(&self) -> u32 {
        let place = self.levels.iter().position(|&level| level == self.lowest);
        self.lattice.position(place.unwrap_or(self.lattice.strides[0]))
    }
}

/// Refuses NaN and infinities.
pub(super) fn check_finite<V: Voxel>(image: &'static str, voxels: &[V]) -> Result<(), PersistenceError> {
    match voxels.iter().position(|voxel| !voxel.is_finite()) {
        Some(position) => Err(PersistenceError::NotFinite { image, position }),
        None => Ok(()),
    }
}
