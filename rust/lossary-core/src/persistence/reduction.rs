//! Loops of 3-D images: the boundary matrix of squares, reduced from left to right.
//!
//! A column is a square, its entries are edges; the youngest edge of a reduced column is born when the square dies.
//! Rows may be ordered by one image and columns by another whose sublevel sets are larger: image persistence.

use super::buffers::Buffer;
use super::lattice::{self, Cell};
use super::levels::Filtration;
use super::stars::{Choices, edges_of, squares_of};

/// A 3-D image whose levels are ranks.
pub(super) type Solid = Filtration<u32, 3>;

/// The boundaries of squares.
pub(super) struct Boundaries<'a> {
    rows: &'a Solid,
    youngest: &'a Choices,
    /// Of the edges at every place, from the lowest bit on: two bits each for the oldest square, one each for whether
    /// that square is apparent with the edge, one each for whether the edge closes no loop.
    edges: Buffer<u16>,
}

const APPARENT: u32 = 6;
const TREE: u32 = 9;

/// Columns are looked up in blocks, so that their loads do not wait for each other.
const BLOCK: usize = 32;

/// Which column has an edge as its pivot: 0 for none, unless the edge is apparent; the square plus one if its column
/// is that of the matrix; or with the top bit the place of a stored column.
const STORED: u32 = 1 << 31;

/// An entry is looked for among so many at the end of a column before the others are bisected.
const NEAR: usize = 16;

/// A column of fewer entries, or many times shorter than the other, is added entry by entry.
const FEW: usize = 4;
const MANY_TIMES: usize = 8;

impl<'a> Boundaries<'a> {
    /// Edges are ordered by `rows`, and squares by the image of `oldest`; `trees` has the edges that close no loop.
    pub(super) fn new(
        rows: &'a Solid,
        trees: &[u8],
        youngest: &'a Choices,
        oldest: &Choices,
        apparent: &[u8],
    ) -> Self {
        let mut edges = Buffer::with_capacity(trees.len());
        let marks = trees
            .iter()
            .zip(apparent)
            .map(|(&tree, &apparent)| u16::from(tree) << TREE | u16::from(apparent) << APPARENT);
        edges.extend(marks.zip(oldest.words()).map(|(marks, &oldest)| marks | u16::from(oldest)));
        Self { rows, youngest, edges }
    }

    /// The youngest edge of a square.
    #[inline(always)]
    pub(super) fn youngest_edge(&self, square: Cell) -> Cell {
        edges_of(&self.rows.lattice, square)[self.youngest.of(square)]
    }

    /// The square that is apparent with an edge.
    #[inline(always)]
    fn apparent_square(&self, edge: Cell) -> Option<Cell> {
        let (marks, axis) = (u32::from(self.edges[lattice::base(edge)]), lattice::kind(edge));
        let is_apparent = marks >> (APPARENT + axis as u32) & 1 == 1;
        is_apparent.then(|| squares_of(&self.rows.lattice, edge)[(marks >> (2 * axis) & 3) as usize])
    }

    /// Adds the boundary of a square to a column. Edges that close no loop are no pivots, and are left out.
    #[inline(always)]
    fn add_square(&self, column: &mut Column, square: Cell) {
        let Solid { lattice, levels, .. } = self.rows;
        for edge in edges_of(lattice, square) {
            let (base, axis) = (lattice::base(edge), lattice::kind(edge));
            if self.edges[base] >> (TREE + axis as u32) & 1 == 0 {
                let level = levels[base].max(levels[base + lattice.strides[axis]]);
                column.toggle(u64::from(level) << 32 | u64::from(edge));
            }
        }
    }

    /// Reduces columns that are not apparent; hands every pivot, with its square, to `emit`, until that is false.
    pub(super) fn reduce(
        &self,
        columns: impl Iterator<Item = Cell>,
        mut emit: impl FnMut(Cell, Cell) -> bool,
    ) {
        let mut owners = Buffer::filled(0_u32, self.rows.lattice.places << 2);
        let mut working = Column::default();
        let (mut entries, mut ends) = (Buffer::default(), vec![0]);
        let mut columns = columns.fuse();
        let mut block = [(0, 0, false); BLOCK];
        loop {
            let mut filled = 0;
            for (entry, square) in block.iter_mut().zip(&mut columns) {
                let pivot = self.youngest_edge(square);
                *entry =
                    (square, pivot, owners[pivot as usize] != 0 || self.apparent_square(pivot).is_some());
                filled += 1;
            }
            for &(square, pivot, is_owned) in &block[..filled] {
                if !is_owned && owners[pivot as usize] == 0 {
                    owners[pivot as usize] = square + 1;
                    if !emit(pivot, square) {
                        return;
                    }
                    continue;
                }
                working.entries.clear();
                self.add_square(&mut working, square);
                while let Some(&pivot) = working.entries.last() {
                    let pivot = pivot as Cell;
                    match owners[pivot as usize] {
                        0 => {
                            if let Some(apparent) = self.apparent_square(pivot) {
                                self.add_square(&mut working, apparent);
                                continue;
                            }
                            owners[pivot as usize] = STORED | (ends.len() - 1) as u32;
                            entries.extend_from_slice(&working.entries);
                            ends.push(entries.len());
                            if !emit(pivot, square) {
                                return;
                            }
                            break;
                        }
                        owner if owner & STORED != 0 => {
                            let column = (owner & !STORED) as usize;
                            working.add(&entries[ends[column]..ends[column + 1]]);
                        }
                        owner => self.add_square(&mut working, owner - 1),
                    }
                }
            }
            if filled < BLOCK {
                return;
            }
        }
    }
}

/// A set of edges, ascending, below their levels.
#[derive(Default)]
struct Column {
    entries: Vec<u64>,
    spare: Vec<u64>,
}

impl Column {
    /// Adds an entry, or takes it away.
    #[inline(always)]
    fn toggle(&mut self, entry: u64) {
        // Most entries are near the end.
        let near = self.entries.len().saturating_sub(NEAR);
        let mut behind = self.entries.len();
        while behind > near && self.entries[behind - 1] > entry {
            behind -= 1;
        }
        if behind == near {
            behind = self.entries[..near].partition_point(|&other| other <= entry);
        }
        if behind > 0 && self.entries[behind - 1] == entry {
            self.entries.remove(behind - 1);
        } else {
            self.entries.insert(behind, entry);
        }
    }

    /// Adds another column: keeps the entries that are in one of the two.
    fn add(&mut self, other: &[u64]) {
        if other.len() < FEW || other.len() * MANY_TIMES < self.entries.len() {
            other.iter().for_each(|&entry| self.toggle(entry));
            return;
        }
        let first = other.first().copied().unwrap_or(0);
        let start = self.entries.partition_point(|&entry| entry < first);
        self.spare.clear();
        self.spare.extend_from_slice(&self.entries[start..]);
        self.entries.resize(start + self.spare.len() + other.len(), 0);
        let (mut own, mut others, mut next) = (0, 0, start);
        while own < self.spare.len() && others < other.len() {
            let (a, b) = (self.spare[own], other[others]);
            self.entries[next] = a.min(b);
            next += usize::from(a != b);
            own += usize::from(a <= b);
            others += usize::from(b <= a);
        }
        let rest = if own < self.spare.len() { &self.spare[own..] } else { &other[others..] };
        self.entries[next..next + rest.len()].copy_from_slice(rest);
        self.entries.truncate(next + rest.len());
    }
}
