//! Which components a cell joins, by union-find: of vertices for dimension 0, of top cells for the last dimension.

use super::buffers::Buffer;
use super::events::{Events, facets, has_joined, mark_joined};
use super::lattice::{self, Cell, Lattice};
use super::levels::{Filtration, Level};
use std::array::from_fn;

/// An edge or facet that joins two components.
pub(super) struct Join<const OTHERS: usize> {
    pub(super) cell: Cell,
    /// The vertex or top cell whose component ends.
    pub(super) ends: usize,
    /// The one that ends if components have the ages of another filtration.
    pub(super) others: [usize; OTHERS],
}

/// The representative of a component. Halves the path to it.
#[inline(always)]
fn find(parents: &mut [u32], place: usize) -> usize {
    let mut place = place as u32;
    loop {
        let parent = parents[place as usize];
        if parent == place {
            return place as usize;
        }
        let above = parents[parent as usize];
        parents[place as usize] = above;
        place = above;
    }
}

/// Visits edges from the oldest on: of two components that an edge joins the younger ends. Marks edges that join.
///
/// Components live as long as their oldest vertex lets them, under the ages of `filtration` and of each of `others`.
pub(super) fn join_vertices<L: Level, const D: usize, const OTHERS: usize>(
    filtration: &Filtration<L, D>,
    others: [&Filtration<L, D>; OTHERS],
    parents: &mut [u32],
    events: &mut Events,
    mut emit: impl FnMut(Join<OTHERS>),
) {
    let strides = filtration.lattice.strides;
    let mut oldest: [Buffer<u32>; OTHERS] = from_fn(|_| own_places(parents.len()));
    for event in events.0.iter_mut() {
        let cell = *event as Cell;
        let base = lattice::base(cell);
        let a = find(parents, base);
        let b = find(parents, base + strides[lattice::kind(cell)]);
        if a == b {
            continue;
        }
        let (lives, ends) = if filtration.is_older(a, b) { (a, b) } else { (b, a) };
        parents[ends] = lives as u32;
        mark_joined(event);
        let others = from_fn(|i| {
            let [a, b] = [lives, ends].map(|root| oldest[i][root] as usize);
            let (lasts, ends) = if others[i].is_older(a, b) { (a, b) } else { (b, a) };
            oldest[i][lives] = lasts as u32;
            ends
        });
        emit(Join { cell, ends, others });
    }
}

/// Visits facets from the youngest on: of two components of top cells that a facet joins the older ends. Marks facets
/// that join.
///
/// Marked facets are passed over: what is left of the edges of a 2-D image, once they have joined vertices.
pub(super) fn join_tops<L: Level, const D: usize, const OTHERS: usize>(
    filtration: &Filtration<L, D>,
    others: [&Filtration<L, D>; OTHERS],
    parents: &mut [u32],
    events: &mut Events,
    mut emit: impl FnMut(Join<OTHERS>),
) {
    let strides = filtration.lattice.strides;
    let mut youngest: [Buffer<u32>; OTHERS] = from_fn(|_| own_places(parents.len()));
    for event in events.0.iter_mut().rev().filter(|event| !has_joined(**event)) {
        let cell = *event as Cell;
        let base = lattice::base(cell);
        let a = find(parents, base);
        let b = find(parents, base - strides[Lattice::<D>::normal(lattice::kind(cell))]);
        if a == b {
            continue;
        }
        let (lives, ends) = if filtration.is_younger_top(a, b) { (a, b) } else { (b, a) };
        parents[ends] = lives as u32;
        mark_joined(event);
        let others = from_fn(|i| {
            let [a, b] = [lives, ends].map(|root| youngest[i][root] as usize);
            let (lasts, ends) = if others[i].is_younger_top(a, b) { (a, b) } else { (b, a) };
            youngest[i][lives] = lasts as u32;
            ends
        });
        emit(Join { cell, ends, others });
    }
}

/// Every place, by itself.
fn own_places(count: usize) -> Buffer<u32> {
    let mut places = Buffer::with_capacity(count);
    places.extend(0..count as u32);
    places
}

/// The level of an edge.
pub(super) fn edge_level<L: Level, const D: usize>(filtration: &Filtration<L, D>, edge: Cell) -> L {
    filtration.level(lattice::base(edge), Lattice::<D>::axis(lattice::kind(edge)))
}

/// The level of a facet of a top cell.
pub(super) fn facet_level<L: Level, const D: usize>(filtration: &Filtration<L, D>, facet: Cell) -> L {
    filtration.level(lattice::base(facet), facets::<D>()[lattice::kind(facet)])
}
