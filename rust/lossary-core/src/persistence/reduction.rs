//! Loops of 3-D images: the boundary matrix of squares, reduced from left to right.
//!
//! A column is a square, its entries are edges; the youngest edge of a reduced column is born when the square dies.
//! Rows may be ordered by one image and columns by another whose sublevel sets are larger: image persistence.

use super::buffers::Buffer;
use super::events::Events;
use super::lattice::{self, Cell, Lattice};
use super::levels::Filtration;

/// A 3-D image whose levels are ranks.
pub(super) type Solid = Filtration<u32, 3>;

/// The two axes that are not `axis`, ascending.
fn other_axes(axis: usize) -> [usize; 2] {
    [[1, 2], [0, 2], [0, 1]][axis]
}

/// The edges of a square, the youngest of those of one level first.
#[inline(always)]
fn edges_of(lattice: &Lattice<3>, square: Cell) -> [Cell; 4] {
    let (base, [p, q]) = (lattice::base(square), other_axes(lattice::kind(square)));
    [
        lattice::cell(base + lattice.strides[p], q),
        lattice::cell(base + lattice.strides[q], p),
        lattice::cell(base, q),
        lattice::cell(base, p),
    ]
}

#[inline(always)]
fn edge_level(filtration: &Solid, base: usize, axis: usize) -> u32 {
    filtration.levels[base].max(filtration.levels[base + filtration.lattice.strides[axis]])
}

/// The youngest edge of a square.
#[inline(always)]
pub(super) fn youngest_edge(rows: &Solid, square: Cell) -> Cell {
    let [far_q, far_p, near_q, near_p] = edges_of(&rows.lattice, square);
    let level = |edge: Cell| edge_level(rows, lattice::base(edge), lattice::kind(edge));
    let [of_far_q, of_far_p, of_near_q] = [level(far_q), level(far_p), level(near_q)];
    let highest = of_far_q.max(of_far_p).max(level(near_p));
    let youngest = if of_near_q == highest { near_q } else { near_p };
    let youngest = if of_far_p == highest { far_p } else { youngest };
    if of_far_q == highest { far_q } else { youngest }
}

/// The oldest square that an edge bounds.
#[inline(always)]
fn oldest_square(columns: &Solid, edge: Cell) -> Cell {
    let (base, axis) = (lattice::base(edge), lattice::kind(edge));
    let [p, q] = other_axes(axis);
    let strides = columns.lattice.strides;
    let own = edge_level(columns, base, axis);
    // The level through the edge opposite, the base of the square, and the axis that it lacks.
    let through = |opposite: usize| own.max(edge_level(columns, opposite, axis));
    let candidates = [
        (through(base - strides[p]), base - strides[p], q),
        (through(base - strides[q]), base - strides[q], p),
        (through(base + strides[q]), base, p),
        (through(base + strides[p]), base, q),
    ];
    let mut oldest = candidates[0];
    for &candidate in &candidates[1..] {
        oldest = if candidate.0 < oldest.0 { candidate } else { oldest };
    }
    lattice::cell(oldest.1, oldest.2)
}

/// Sorts squares into those whose youngest edge they are the oldest to bound, which are handed to `apparent` with
/// that edge, and the others, which are returned in the order of `columns`.
pub(super) fn split_squares(
    rows: &Solid,
    columns: &Solid,
    is_cleared: impl Fn(usize, usize) -> bool,
    mut apparent: impl FnMut(Cell, Cell),
) -> Events {
    let lattice = &rows.lattice;
    let mut squares = Buffer::with_capacity(lattice.places);
    lattice.for_each_place(|base| {
        for kind in 0..3 {
            let square = lattice::cell(base, kind);
            if is_cleared(base, kind) || columns.facet(square) == u32::MAX {
                continue;
            }
            let edge = youngest_edge(rows, square);
            if oldest_square(columns, edge) == square {
                apparent(edge, square);
            } else {
                squares.push(square);
            }
        }
    });
    Events::new(columns, &squares, |square| columns.facet(square))
}

/// Edges that create loops, in their order, from 1 on; other edges have place 0.
pub(super) struct EdgeOrder {
    places: Buffer<u32>,
    count: usize,
}

impl EdgeOrder {
    /// Counts edges by level; those of one level keep their order.
    pub(super) fn new(filtration: &Solid, creates_loop: impl Fn(Cell) -> bool) -> Self {
        let lattice = &filtration.lattice;
        let levels = filtration.levels.iter().filter(|&&level| level < u32::MAX);
        let mut starts = Buffer::filled(0, levels.max().map_or(0, |&level| level as usize + 1));
        let mut places = Buffer::filled(0, lattice.places << 2);
        lattice.for_each_place(|base| {
            for axis in 0..3 {
                let (edge, level) = (lattice::cell(base, axis), edge_level(filtration, base, axis));
                if level < u32::MAX && creates_loop(edge) {
                    // Counted from 1 on among the edges of its level.
                    starts[level as usize] += 1;
                    places[edge as usize] = starts[level as usize];
                }
            }
        });
        let mut next = 0;
        for start in starts.iter_mut() {
            next += std::mem::replace(start, next);
        }
        lattice.for_each_place(|base| {
            for axis in 0..3 {
                let place = &mut places[lattice::cell(base, axis) as usize];
                if *place > 0 {
                    *place += starts[edge_level(filtration, base, axis) as usize];
                }
            }
        });
        next += 1;
        Self { places, count: next as usize }
    }

    /// The place of an edge.
    #[inline(always)]
    pub(super) fn place(&self, edge: Cell) -> usize {
        self.places[edge as usize] as usize
    }

    /// The edges by place.
    pub(super) fn edges(&self) -> Buffer<Cell> {
        let mut edges = Buffer::filled(0, self.count);
        for (&place, edge) in self.places.iter().zip(0..) {
            edges[place as usize] = edge;
        }
        edges
    }

    /// Number of places.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

/// Which column has a pivot: 0 for none, the square plus one if its column is that of the matrix, or with the top bit
/// the number of a stored column.
#[derive(Default)]
pub(super) struct Owners(Buffer<u32>);

const STORED: u32 = 1 << 31;

/// A place is looked for among so many at the end of a column before the others are bisected.
const NEAR: usize = 16;

/// A column of fewer places, or many times shorter than the other, is added place by place.
const FEW: usize = 4;
const MANY_TIMES: usize = 8;

impl Owners {
    pub(super) fn new(count: usize) -> Self {
        Self(Buffer::filled(0, count))
    }

    /// Makes a square the owner of its youngest edge.
    #[inline(always)]
    pub(super) fn set_plain(&mut self, place: usize, square: Cell) {
        self.0[place] = square + 1;
    }
}

/// Reduces the columns; hands the place of each pivot, with the square, to `emit`.
pub(super) fn reduce(
    rows: &Solid,
    order: &EdgeOrder,
    mut owners: Owners,
    columns: impl Iterator<Item = Cell>,
    mut emit: impl FnMut(usize, Cell),
) {
    let owners = &mut owners.0;
    let mut working = Column::default();
    let toggle_square = |working: &mut Column, square: Cell| {
        for edge in edges_of(&rows.lattice, square) {
            working.toggle(order.places[edge as usize]);
        }
    };
    let (mut entries, mut ends) = (Buffer::default(), vec![0]);
    for square in columns {
        let pivot = order.place(youngest_edge(rows, square));
        if owners[pivot] == 0 {
            owners[pivot] = square + 1;
            emit(pivot, square);
            continue;
        }
        toggle_square(&mut working, square);
        while let Some(&pivot) = working.places.last() {
            match owners[pivot as usize] {
                0 => {
                    owners[pivot as usize] = STORED | (ends.len() - 1) as u32;
                    emit(pivot as usize, square);
                    entries.extend_from_slice(&working.places);
                    ends.push(entries.len());
                    break;
                }
                owner if owner & STORED != 0 => {
                    let column = (owner & !STORED) as usize;
                    working.add(&entries[ends[column]..ends[column + 1]]);
                }
                owner => toggle_square(&mut working, owner - 1),
            }
        }
        working.places.clear();
    }
}

/// A set of places, ascending. Place 0, of the edges that are no pivot of any column, is left out.
#[derive(Default)]
struct Column {
    places: Vec<u32>,
    spare: Vec<u32>,
}

impl Column {
    /// Adds a place, or takes it away.
    #[inline(always)]
    fn toggle(&mut self, place: u32) {
        if place == 0 {
            return;
        }
        // Most places are near the end.
        let near = self.places.len().saturating_sub(NEAR);
        let mut behind = self.places.len();
        while behind > near && self.places[behind - 1] > place {
            behind -= 1;
        }
        if behind == near {
            behind = self.places[..near].partition_point(|&other| other <= place);
        }
        if behind > 0 && self.places[behind - 1] == place {
            self.places.remove(behind - 1);
        } else {
            self.places.insert(behind, place);
        }
    }

    /// Adds another column: keeps the places that are in one of the two.
    fn add(&mut self, other: &[u32]) {
        if other.len() < FEW || other.len() * MANY_TIMES < self.places.len() {
            other.iter().for_each(|&place| self.toggle(place));
            return;
        }
        let first = other.first().copied().unwrap_or(0);
        let start = self.places.partition_point(|&place| place < first);
        self.spare.clear();
        self.spare.extend_from_slice(&self.places[start..]);
        self.places.resize(start + self.spare.len() + other.len(), 0);
        let (mut own, mut others, mut next) = (0, 0, start);
        while own < self.spare.len() && others < other.len() {
            let (a, b) = (self.spare[own], other[others]);
            self.places[next] = a.min(b);
            next += usize::from(a != b);
            own += usize::from(a <= b);
            others += usize::from(b <= a);
        }
        let rest = if own < self.spare.len() { &self.spare[own..] } else { &other[others..] };
        self.places[next..next + rest.len()].copy_from_slice(rest);
        self.places.truncate(next + rest.len());
    }
}
