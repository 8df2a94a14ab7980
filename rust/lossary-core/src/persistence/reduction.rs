//! Loops of 3-D images: the boundary matrix of squares, reduced from left to right.
//!
//! A column is a square, its entries are edges; the youngest edge of a reduced column is born when the square dies.
//! Rows may be ordered by one image and columns by another whose sublevel sets are larger: image persistence.

use super::buffers::Buffer;
use super::events::{Events, facets};
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
    let edges = edges_of(&rows.lattice, square);
    let levels = edges.map(|edge| edge_level(rows, lattice::base(edge), lattice::kind(edge)));
    let highest = levels[0].max(levels[3]).max(levels[1]);
    if levels[0] == highest {
        edges[0]
    } else if levels[1] == highest {
        edges[1]
    } else if levels[2] == highest {
        edges[2]
    } else {
        edges[3]
    }
}

/// The oldest square that an edge bounds.
#[inline(always)]
fn oldest_square(columns: &Solid, edge: Cell) -> Cell {
    let (base, axis) = (lattice::base(edge), lattice::kind(edge));
    let [p, q] = other_axes(axis);
    let strides = columns.lattice.strides;
    let own = edge_level(columns, base, axis);
    let mut oldest = (u32::MAX, 0);
    // The edge opposite, the base of the square, and the axis that it lacks.
    for (opposite, base, lacks) in [
        (base - strides[p], base - strides[p], q),
        (base - strides[q], base - strides[q], p),
        (base + strides[q], base, p),
        (base + strides[p], base, q),
    ] {
        let level = own.max(edge_level(columns, opposite, axis));
        if level < oldest.0 {
            oldest = (level, lattice::cell(base, lacks));
        }
    }
    oldest.1
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
    let spans = facets::<3>();
    let mut words = Buffer::with_capacity(lattice.places);
    for base in lattice.rows().flat_map(|start| start..start + lattice.row_length()) {
        for (kind, &span) in spans.iter().enumerate() {
            if is_cleared(base, kind) {
                continue;
            }
            let level = columns.level(base, span);
            if level == u32::MAX {
                continue;
            }
            let square = lattice::cell(base, kind);
            let edge = youngest_edge(rows, square);
            if oldest_square(columns, edge) == square {
                apparent(edge, square);
            } else {
                words.push(u64::from(columns.code(level)) << 32 | u64::from(square));
            }
        }
    }
    Events::sorted(columns, spans, words)
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
        let edges = || {
            let bases = lattice.rows().flat_map(|start| start..start + lattice.row_length());
            let edges = bases.flat_map(|base| (0..3).map(move |axis| (base, axis)));
            let edges =
                edges.map(|(base, axis)| (edge_level(filtration, base, axis), lattice::cell(base, axis)));
            edges.filter(|&(level, edge)| level < u32::MAX && creates_loop(edge))
        };
        let levels = filtration.levels.iter().filter(|&&level| level < u32::MAX);
        let mut starts = Buffer::filled(0, levels.max().map_or(0, |&level| level as usize + 1));
        edges().for_each(|(level, _)| starts[level as usize] += 1);
        let mut next = 1;
        for start in starts.iter_mut() {
            next += std::mem::replace(start, next);
        }
        let mut places = Buffer::filled(0, lattice.places << 2);
        edges().for_each(|(level, edge)| {
            let start = &mut starts[level as usize];
            places[edge as usize] = *start;
            *start += 1;
        });
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
    let mut working = Column::new(order.count);
    let toggle_square = |working: &mut Column, square: Cell| {
        for edge in edges_of(&rows.lattice, square) {
            working.toggle(order.place(edge));
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
        while let Some(pivot) = working.youngest() {
            match owners[pivot] {
                0 => {
                    owners[pivot] = STORED | (ends.len() - 1) as u32;
                    emit(pivot, square);
                    working.drain_into(&mut entries);
                    ends.push(entries.len());
                    break;
                }
                owner if owner & STORED != 0 => {
                    let column = (owner & !STORED) as usize;
                    for &place in &entries[ends[column]..ends[column + 1]] {
                        working.toggle(place as usize);
                    }
                }
                owner => toggle_square(&mut working, owner - 1),
            }
        }
        working.clear();
    }
}

/// A set of places, as bits; above every 64 words is one whose bits tell which of them are not zero.
///
/// Place 0 collects the edges that are no pivot of any column.
struct Column {
    words: Buffer<u64>,
    /// Where the words of every layer start, the places' own layer first.
    starts: Vec<usize>,
}

impl Column {
    fn new(count: usize) -> Self {
        let (mut starts, mut total, mut words) = (Vec::new(), 0, count);
        while starts.is_empty() || words > 1 {
            words = words.div_ceil(64).max(1);
            starts.push(total);
            total += words;
        }
        Self { words: Buffer::filled(0, total), starts }
    }

    /// Adds a place, or takes it away.
    #[inline(always)]
    fn toggle(&mut self, place: usize) {
        let mut place = place;
        for start in &self.starts {
            let word = &mut self.words[start + (place >> 6)];
            let before = *word;
            *word ^= 1 << (place & 63);
            if before != 0 && *word != 0 {
                return;
            }
            place >>= 6;
        }
    }

    /// The greatest place but 0.
    #[inline(always)]
    fn youngest(&self) -> Option<usize> {
        let mut place = 0;
        for start in self.starts.iter().rev() {
            place = place << 6 | (self.words[start + place] | 1).ilog2() as usize;
        }
        (place > 0).then_some(place)
    }

    /// Moves all places but 0 out.
    fn drain_into(&mut self, entries: &mut Buffer<u32>) {
        while let Some(place) = self.youngest() {
            entries.push(place as u32);
            self.toggle(place);
        }
    }

    /// Takes place 0 away, the last that may be left.
    fn clear(&mut self) {
        if self.words[0] & 1 == 1 {
            self.toggle(0);
        }
    }
}
