//! The levels of voxels and cells, and the order of cells.

use super::PersistenceError;
use super::buffers::{Buffer, Kept};
use super::lattice::{self, Cell, Lattice, Span};
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
    /// The level of the top cell at every place: that of its highest vertex. The cell at place 0 stands for all that
    /// are not in the image.
    pub(super) tops: Buffer<L>,
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
        let tops = tops(&lattice, &levels);
        Self { lattice, levels, tops, lowest, codes }
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
        (of_a < of_b) | ((of_a == of_b) & (a < b))
    }

    /// The level of an edge: that of its higher end.
    #[inline(always)]
    pub(super) fn edge(&self, edge: Cell) -> L {
        self.highest::<2>(lattice::base(edge), Lattice::<D>::axis(lattice::kind(edge))).0
    }

    /// The level of an edge, and whether its far end is as high: that is its voxel, then.
    #[inline(always)]
    pub(super) fn edge_with_end(&self, edge: Cell) -> (L, bool) {
        let base = lattice::base(edge);
        let [near, far] =
            [base, base + self.lattice.strides[lattice::kind(edge)]].map(|end| self.levels[end]);
        (higher(near, far), far >= near)
    }

    /// The level of a facet of a top cell.
    #[inline(always)]
    pub(super) fn facet(&self, facet: Cell) -> L {
        self.highest_of_facet(facet).0
    }

    /// The position in the image of the last voxel that gives an edge its level.
    #[inline(always)]
    pub(super) fn edge_voxel(&self, edge: Cell) -> u32 {
        let (_, place) = self.highest::<2>(lattice::base(edge), Lattice::<D>::axis(lattice::kind(edge)));
        self.lattice.position(place)
    }

    /// The position in the image of the last voxel that gives a facet of a top cell its level.
    #[inline(always)]
    pub(super) fn facet_voxel(&self, facet: Cell) -> u32 {
        self.lattice.position(self.highest_of_facet(facet).1)
    }

    /// The position in the image of the voxel that gives a top cell its level: the last of a square, the first of a
    /// cube.
    #[inline(always)]
    pub(super) fn top_voxel(&self, base: usize) -> u32 {
        let span = Lattice::<D>::TOP;
        let (_, place) = if D == 2 { self.highest::<4>(base, span) } else { self.highest::<8>(base, span) };
        self.lattice.position(place)
    }

    #[inline(always)]
    fn highest_of_facet(&self, facet: Cell) -> (L, usize) {
        let (base, span) = (lattice::base(facet), Lattice::<D>::facet(lattice::kind(facet)));
        if D == 2 { self.highest::<2>(base, span) } else { self.highest::<4>(base, span) }
    }

    /// The highest vertex of a cell with so many: the last of several, of a cube the first.
    #[inline(always)]
    fn highest<const VERTICES: usize>(&self, base: usize, span: Span) -> (L, usize) {
        let offsets = self.lattice.corners(span);
        let mut highest = (self.levels[base], base);
        for &offset in &offsets[1..VERTICES] {
            let place = base + offset as usize;
            let level = self.levels[place];
            let is_higher = if VERTICES < 8 { level >= highest.0 } else { level > highest.0 };
            highest = if is_higher { (level, place) } else { highest };
        }
        highest
    }

    /// Whether a top cell is younger than another.
    #[inline(always)]
    pub(super) fn is_younger_top(&self, a: usize, b: usize) -> bool {
        let (of_a, of_b) = (self.tops[a], self.tops[b]);
        (of_a > of_b) | ((of_a == of_b) & (a > b))
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

/// The higher of two levels.
#[inline(always)]
pub(super) fn higher<L: Level>(a: L, b: L) -> L {
    if b > a { b } else { a }
}

fn tops<L: Level, const D: usize>(lattice: &Lattice<D>, levels: &[L]) -> Buffer<L> {
    let length = lattice.row_length();
    let mut tops = Buffer::filled(L::OUTSIDE, lattice.places);
    for start in lattice.rows() {
        let row = |start: usize| &levels[start..=start + length];
        let strides = lattice.strides;
        let (here, down) = (row(start), row(start + strides[0]));
        let own = &mut tops[start..start + length];
        if D == 2 {
            for (i, top) in own.iter_mut().enumerate() {
                *top = higher(higher(here[i], here[i + 1]), higher(down[i], down[i + 1]));
            }
        } else {
            let (front, both) = (row(start + strides[1]), row(start + strides[0] + strides[1]));
            let of_four = |i: usize| higher(higher(here[i], down[i]), higher(front[i], both[i]));
            for (i, top) in own.iter_mut().enumerate() {
                *top = higher(of_four(i), of_four(i + 1));
            }
        }
    }
    tops
}

/// So many voxels are checked without a branch.
const FINITE_BLOCK: usize = 1 << 10;

/// Refuses NaN and infinities.
pub(super) fn check_finite<V: Voxel>(image: &'static str, voxels: &[V]) -> Result<(), PersistenceError> {
    let all_finite = |block: &[V]| block.iter().fold(true, |all, voxel| all & voxel.is_finite());
    if voxels.chunks(FINITE_BLOCK).all(all_finite) {
        return Ok(());
    }
    match voxels.iter().position(|voxel| !voxel.is_finite()) {
        Some(position) => Err(PersistenceError::NotFinite { image, position }),
        None => Ok(()),
    }
}
