//! The pairs of one image.

use super::buffers::Buffer;
use super::components::{Join, join_tops, join_vertices};
use super::contraction::{release_tops, release_vertices, top_pointers, vertex_pointers};
use super::events::{Events, cells_of_masks, sort};
use super::lattice::{self, Cell, Lattice};
use super::levels::{Filtration, Level, Voxel, check_finite};
use super::reduction::{Boundaries, Solid};
use super::stars::{Choices, apparent_edges, apparent_squares};
use super::{Axes, PersistenceError};
use crate::order::Order;
use crate::threads;

/// Where a feature of the sublevel sets is born and where it dies: positions of voxels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The voxel that gives the creating cell its level.
    pub birth: u32,
    /// The voxel that gives the destroying cell its level, which is higher.
    pub death: u32,
}

/// The persistence pairs of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barcode {
    /// For every dimension below the number of axes, the pairs in ascending order. Two pairs may be equal.
    pub dimensions: Vec<Vec<Pair>>,
    /// The first lowest voxel, where the component is born that never dies.
    pub essential_birth: u32,
}

/// The persistence pairs of the sublevel sets of an image, of 1 to 3 axes, in the order of its memory.
///
/// The same as reducing the boundary matrices of all cells; the positions of voxels are exact, also where levels tie.
/// Negative zero ties with zero. Takes O(n log n) time, but in 3-D for the loops, whose reduction has no such bound;
/// and 20 to 35 bytes of memory a voxel in 2-D, up to 100 in 3-D.
///
/// # Errors
/// [`PersistenceError`]: a shape that is not that of the image, an empty axis, NaN or infinity.
///
/// ```
/// use lossary_core::persistence::{Pair, persistence_pairs};
///
/// // The component of the 1 ends where it meets that of the 0, at the 3.
/// let barcode = persistence_pairs(&[1.0, 3.0, 0.0, 2.0], &[4])?;
/// assert_eq!(barcode.dimensions, [[Pair { birth: 0, death: 1 }]]);
/// assert_eq!(barcode.essential_birth, 2);
/// # Ok::<(), lossary_core::persistence::PersistenceError>(())
/// ```
pub fn persistence_pairs<V: Voxel>(image: &[V], shape: &[usize]) -> Result<Barcode, PersistenceError> {
    let axes = Axes::of(shape, &[("image", image.len())])?;
    check_finite("image", image)?;
    of_axes(image, shape, &axes)
}

/// [`persistence_pairs`] of every image of a batch, one after the other in memory, on several threads.
///
/// # Errors
/// As [`persistence_pairs`]; positions count from the start of the batch.
pub fn persistence_pairs_of_each<V: Voxel>(
    images: &[V],
    shape: &[usize],
) -> Result<Vec<Barcode>, PersistenceError> {
    let (axes, voxels) = Axes::of_each(shape, &[("image", images.len())])?;
    check_finite("image", images)?;
    let threads = threads::threads_for(images.len());
    let of_one = |image| of_axes(image, shape, &axes);
    threads::map(images.chunks_exact(voxels).collect(), threads, of_one).into_iter().collect()
}

fn of_axes<V: Voxel>(image: &[V], shape: &[usize], axes: &Axes) -> Result<Barcode, PersistenceError> {
    let mut barcode = match *axes {
        Axes::Flat(lengths) => {
            of_flat(&Filtration::new(Lattice::new(lengths), image.iter().map(|voxel| voxel.level())))
        }
        Axes::Solid(lengths) => of_solid(&Filtration::new(Lattice::new(lengths), ranks(image)?.into_iter())),
    };
    barcode.dimensions.iter_mut().for_each(|pairs| sort_pairs(pairs));
    barcode.dimensions.resize_with(shape.len(), Vec::new);
    Ok(barcode)
}

/// Sorts pairs.
pub(super) fn sort_pairs(pairs: &mut [Pair]) {
    let mut words = Buffer::with_capacity(pairs.len());
    words.extend(pairs.iter().map(|pair| u64::from(pair.birth) << 32 | u64::from(pair.death)));
    sort(&mut words);
    for (pair, &word) in pairs.iter_mut().zip(words.iter()) {
        *pair = Pair { birth: (word >> 32) as u32, death: word as u32 };
    }
}

/// The dense ranks of voxels.
pub(super) fn ranks<V: Voxel>(voxels: &[V]) -> Result<Vec<u32>, PersistenceError> {
    let order = Order::of(voxels).map_err(|_| PersistenceError::TooLarge { voxels: voxels.len() })?;
    Ok(order.dense_ranks())
}

fn of_flat<L: Level>(filtration: &Filtration<L, 2>) -> Barcode {
    let (mut components, mut loops) = (Vec::new(), Vec::new());
    sweep_flat(
        filtration,
        [],
        [],
        |join| components.extend(vertex_pair(filtration, &join)),
        |join| loops.extend(top_pair(filtration, &join)),
    );
    Barcode { dimensions: vec![components, loops], essential_birth: filtration.oldest() }
}

fn of_solid(filtration: &Solid) -> Barcode {
    let (mut components, mut loops, mut cavities) = (Vec::new(), Vec::new(), Vec::new());
    let sweep = sweep_solid(
        filtration,
        [],
        [],
        |join| components.extend(vertex_pair(filtration, &join)),
        |join| cavities.extend(top_pair(filtration, &join)),
    );
    sweep.loops(filtration, |edge, square| loops.extend(loop_pair(filtration, edge, square)));
    Barcode { dimensions: vec![components, loops, cavities], essential_birth: filtration.oldest() }
}

/// Whether a vertex is older than the level of the edge that ends its component.
#[inline(always)]
pub(super) fn outlives<L: Level, const D: usize, const N: usize>(
    filtration: &Filtration<L, D>,
    join: &Join<N>,
) -> bool {
    !join.agree || (filtration.codes_collide() && filtration.levels[join.ends] < filtration.edge(join.cell))
}

/// Whether what a facet encloses is filled at a higher level.
#[inline(always)]
pub(super) fn is_filled_later<L: Level, const D: usize, const N: usize>(
    filtration: &Filtration<L, D>,
    join: &Join<N>,
) -> bool {
    !join.agree || (filtration.codes_collide() && filtration.facet(join.cell) < filtration.tops[join.ends])
}

/// The pair of a vertex and the edge that ends its component, unless its length is zero.
#[inline(always)]
pub(super) fn vertex_pair<L: Level, const D: usize, const N: usize>(
    filtration: &Filtration<L, D>,
    join: &Join<N>,
) -> Option<Pair> {
    outlives(filtration, join).then(|| Pair {
        birth: filtration.lattice.position(join.ends),
        death: end_position(filtration, join),
    })
}

/// The position of the voxel that gives the edge of a join its level.
#[inline(always)]
fn end_position<L: Level, const D: usize, const N: usize>(
    filtration: &Filtration<L, D>,
    join: &Join<N>,
) -> u32 {
    let (base, axis) = (lattice::base(join.cell), lattice::kind(join.cell));
    let place = if join.is_far { base + filtration.lattice.strides[axis] } else { base };
    filtration.lattice.position(place)
}

/// The pair of a facet and the top cell that fills what it encloses, unless its length is zero.
#[inline(always)]
pub(super) fn top_pair<L: Level, const D: usize, const N: usize>(
    filtration: &Filtration<L, D>,
    join: &Join<N>,
) -> Option<Pair> {
    is_filled_later(filtration, join).then(|| Pair {
        // In 2-D, facets are edges.
        birth: if D == 2 { end_position(filtration, join) } else { filtration.facet_voxel(join.cell) },
        death: filtration.top_voxel(join.ends),
    })
}

/// The pair of an edge and the square that fills the loop it closes, unless its length is zero.
pub(super) fn loop_pair(filtration: &Solid, edge: Cell, square: Cell) -> Option<Pair> {
    (filtration.edge(edge) < filtration.facet(square))
        .then(|| Pair { birth: filtration.edge_voxel(edge), death: filtration.facet_voxel(square) })
}

/// The pointers of vertices and top cells that hold under all ages.
fn pointers<L: Level, const D: usize, const V: usize, const T: usize>(
    filtration: &Filtration<L, D>,
    vertex_ages: [&Filtration<L, D>; V],
    top_ages: [&Filtration<L, D>; T],
) -> [Buffer<u32>; 2] {
    let [mut vertices, mut tops] = [vertex_pointers(filtration), top_pointers(filtration)];
    if let [first, second] = vertex_ages[..] {
        vertices = release_vertices(filtration, [first, second], &vertices);
    }
    if let [other] = top_ages[..] {
        tops = release_tops(filtration, other, &tops);
    }
    [vertices, tops]
}

/// The edges along which no vertex, and across which no top cell, joins its neighbour: a bit of every place and axis.
fn critical_edges(lattice: &Lattice<2>, vertices: &[u32], tops: &[u32]) -> Buffer<u8> {
    let ([down, right], length) = (lattice.strides, lattice.row_length());
    let mut critical = Buffer::filled(0, lattice.places);
    for start in lattice.rows() {
        let own = &mut critical[start..start + length];
        let [here, below, beside] = [start, start + down, start + right].map(|at| &vertices[at..at + length]);
        let [top, above, left] = [start, start - down, start - right].map(|at| &tops[at..at + length]);
        for (i, critical) in own.iter_mut().enumerate() {
            let base = (start + i) as u32;
            let [down, right] = [down as u32, right as u32];
            let joined_down = (here[i] == base + down) | (below[i] == base);
            let joined_right = (here[i] == base + right) | (beside[i] == base);
            let crossed_down = (top[i] == base - right) | (left[i] == base);
            let crossed_right = (top[i] == base - down) | (above[i] == base);
            *critical =
                u8::from(!(joined_down | crossed_down)) | u8::from(!(joined_right | crossed_right)) << 1;
        }
    }
    critical
}

/// Visits the edges of a 2-D image in both directions; hands all joins of vertices, and of top cells, out.
pub(super) fn sweep_flat<L: Level, const V: usize, const T: usize>(
    filtration: &Filtration<L, 2>,
    vertex_ages: [&Filtration<L, 2>; V],
    top_ages: [&Filtration<L, 2>; T],
    on_vertices: impl FnMut(Join<V>),
    on_tops: impl FnMut(Join<T>),
) {
    let lattice = &filtration.lattice;
    let [vertices, tops] = pointers(filtration, vertex_ages, top_ages);
    let critical = critical_edges(lattice, &vertices, &tops);
    let edges = cells_of_masks(lattice, &critical, |edge| filtration.edge(edge) < L::OUTSIDE);
    drop(critical);
    let mut events = Events::new(filtration, &edges, |edge| filtration.edge_with_end(edge));
    join_vertices(filtration, vertex_ages, vertices, &mut events, on_vertices);
    join_tops(filtration, top_ages, tops, &mut events, on_tops);
}

/// For every place the axes along which it, or its neighbour beyond, points to the other, as bits.
fn linked<const D: usize>(lattice: &Lattice<D>, pointers: &[u32], beyond: [isize; D]) -> Buffer<u8> {
    let length = lattice.row_length();
    let mut linked = Buffer::filled(0, lattice.places);
    for start in lattice.rows() {
        let (own, here) = (&mut linked[start..start + length], &pointers[start..start + length]);
        for (axis, offset) in beyond.into_iter().enumerate() {
            let first = start.wrapping_add_signed(offset);
            let there = &pointers[first..first + length];
            for (i, linked) in own.iter_mut().enumerate() {
                let is_linked = (here[i] == (first + i) as u32) | (there[i] == (start + i) as u32);
                *linked |= u8::from(is_linked) << axis;
            }
        }
    }
    linked
}

/// The cells of three types that are in neither mask.
fn in_neither(first: &[u8], second: &[u8]) -> Buffer<u8> {
    let mut rest = Buffer::with_capacity(first.len());
    rest.extend(first.iter().zip(second).map(|(&first, &second)| !(first | second) & 7));
    rest
}

/// What remains for the loops of a 3-D image.
pub(super) struct SolidSweep {
    squares: Events,
    pub(super) youngest: Choices,
    pub(super) oldest: Choices,
    apparent: Buffer<u8>,
    /// For every place, the axes of the edges that close no loop, as bits.
    pub(super) trees: Buffer<u8>,
    /// For every place, the types of the squares that enclose cavities, and so end no loop, as bits.
    pub(super) cleared: Buffer<u8>,
}

impl SolidSweep {
    /// Hands every edge that closes a loop out, with the square that fills the loop; not those of zero length that
    /// are apparent.
    pub(super) fn loops(&self, filtration: &Solid, mut emit: impl FnMut(Cell, Cell)) {
        let Self { trees, youngest, oldest, apparent, .. } = self;
        let boundaries = Boundaries::new(filtration, trees, youngest, oldest, apparent);
        boundaries.reduce(self.squares.in_order(), |edge, square| {
            emit(edge, square);
            true
        });
    }
}

/// The squares, in the order of `columns`, that are not in the mask of those cleared, nor of those apparent.
pub(super) fn critical_squares(columns: &Solid, cleared: &[u8], apparent: &[u8]) -> Events {
    let is_inside = |square: Cell| columns.facet(square) < u32::MAX;
    let squares = cells_of_masks(&columns.lattice, &in_neither(cleared, apparent), is_inside);
    Events::new(columns, &squares, |square| (columns.facet(square), false))
}

/// Visits the edges, and the squares in reverse; hands all joins of vertices, and of top cells, out.
pub(super) fn sweep_solid<const V: usize, const T: usize>(
    filtration: &Solid,
    vertex_ages: [&Solid; V],
    top_ages: [&Solid; T],
    mut on_vertices: impl FnMut(Join<V>),
    mut on_tops: impl FnMut(Join<T>),
) -> SolidSweep {
    let lattice = &filtration.lattice;
    let [vertices, tops] = pointers(filtration, vertex_ages, top_ages);
    let strides = lattice.strides.map(|stride| stride as isize);
    let mut cleared = linked(lattice, &tops, strides.map(|stride| -stride));
    let mut trees = linked(lattice, &vertices, strides);
    let (youngest, oldest) = (Choices::youngest_edges(filtration), Choices::oldest_squares(filtration));
    let mut squares = critical_squares(filtration, &cleared, &apparent_squares(lattice, &youngest, &oldest));
    join_tops(filtration, top_ages, tops, &mut squares, |join| {
        cleared[lattice::base(join.cell)] |= 1 << lattice::kind(join.cell);
        on_tops(join);
    });
    let apparent = apparent_edges(lattice, &youngest, &oldest);
    let is_inside = |edge: Cell| filtration.edge(edge) < u32::MAX;
    let edges = cells_of_masks(lattice, &in_neither(&trees, &apparent), is_inside);
    let mut events = Events::new(filtration, &edges, |edge| filtration.edge_with_end(edge));
    join_vertices(filtration, vertex_ages, vertices, &mut events, |join| {
        trees[lattice::base(join.cell)] |= 1 << lattice::kind(join.cell);
        on_vertices(join);
    });
    SolidSweep { squares, youngest, oldest, apparent, trees, cleared }
}
