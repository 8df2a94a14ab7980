//! Cells that pair with a neighbour whatever the rest of the image is, found by looking at neighbours alone.
//!
//! A cell and its facet are apparent if the facet is the youngest of the cell, and the cell the oldest of those that
//! the facet bounds. Such a pair is part of every result, has length zero, and is not reported; so the vertex, or
//! the top cell, may join its neighbour before anything is sorted.

use super::buffers::Buffer;
use super::lattice::Lattice;
use super::levels::{Filtration, Level};
use std::array::from_fn;

/// How far a chain of pointers is followed: any bound is correct.
const LONGEST_CHAIN: usize = 8;

/// For every vertex the neighbour that it joins, or itself.
///
/// A vertex joins along its oldest edge, if the other end is older. The edges of its level go to neighbours that are
/// not higher; of these the first is the oldest, in the order: the lower neighbour of each axis, then the upper. An
/// upper neighbour of the same level is younger, so that the search ends there.
pub(super) fn vertex_pointers<L: Level, const D: usize>(filtration: &Filtration<L, D>) -> Buffer<u32> {
    let Filtration { lattice, levels, .. } = filtration;
    let (strides, length) = (lattice.strides, lattice.row_length());
    let mut pointers = Buffer::filled(0, lattice.places);
    for start in lattice.rows() {
        let row = |start: usize| &levels[start..start + length];
        let here = row(start);
        let (lower, upper): ([_; D], [_; D]) =
            (from_fn(|axis| row(start - strides[axis])), from_fn(|axis| row(start + strides[axis])));
        for (i, pointer) in pointers[start..start + length].iter_mut().enumerate() {
            let (vertex, level) = (start + i, here[i]);
            let mut joined = vertex;
            for axis in (0..D).rev() {
                let neighbour = upper[axis][i];
                joined = if neighbour < level { vertex + strides[axis] } else { joined };
                joined = if neighbour == level { vertex } else { joined };
            }
            for axis in (0..D).rev() {
                joined = if lower[axis][i] <= level { vertex - strides[axis] } else { joined };
            }
            *pointer = joined as u32;
        }
    }
    pointers
}

/// For every top cell the neighbour that it joins, or itself; those outside the image are one cell, at place 0.
///
/// In reverse order a top cell joins across its youngest facet, if the cell beyond is younger. The facets of its level
/// on the upper side of an axis are younger than those on the lower, the first axis first; the cell beyond an upper
/// facet is always younger. Only if the base vertex alone attains the level are all lower facets of that level; the
/// youngest has the greatest type.
pub(super) fn top_pointers<L: Level, const D: usize>(filtration: &Filtration<L, D>) -> Buffer<u32> {
    let Filtration { lattice, levels, .. } = filtration;
    let (strides, length) = (lattice.strides, lattice.row_length());
    let normal = Lattice::<D>::normal(D - 1);
    let higher = |a: L, b: L| if b > a { b } else { a };
    let mut pointers = Buffer::filled(0, lattice.places);
    for start in lattice.rows() {
        let row = |start: usize| &levels[start..start + length];
        let mut corners = [row(start); 8];
        for (corner, vertex) in corners.iter_mut().zip(lattice.vertices(start, Lattice::<D>::TOP)) {
            *corner = row(vertex);
        }
        let mut beyond = [row(start); 4];
        let facet = lattice.vertices(start - strides[normal], Lattice::<D>::facet(D - 1));
        for (corner, vertex) in beyond.iter_mut().zip(facet) {
            *corner = row(vertex);
        }
        for (i, pointer) in pointers[start..start + length].iter_mut().enumerate() {
            let base = start + i;
            let upper: [L; D] = from_fn(|axis| {
                let side = (0..1 << D).filter(|corner| corner & Lattice::<D>::axis(axis) != 0);
                side.map(|corner| corners[corner][i]).reduce(higher).unwrap_or(L::OUTSIDE)
            });
            let level = upper.into_iter().fold(corners[0][i], higher);
            let far = beyond[..1 << (D - 1)].iter().map(|corner| corner[i]).reduce(higher);
            let far = far.unwrap_or(L::OUTSIDE);
            let mut joined = if far > level { base - strides[normal] } else { base };
            for axis in (0..D).rev() {
                joined = if upper[axis] == level { base + strides[axis] } else { joined };
            }
            *pointer = if level == L::OUTSIDE { 0 } else { joined as u32 };
        }
    }
    pointers
}

/// Takes back the pointers of vertices that matter under the ages of `others`, of which `union` is the lower.
///
/// A vertex stays if one of its chain is older under the ages of both: under one of them its neighbour is.
pub(super) fn release_vertices<L: Level, const D: usize>(
    union: &Filtration<L, D>,
    others: [&Filtration<L, D>; 2],
    pointers: &[u32],
) -> Buffer<u32> {
    release(union, pointers, |vertex, next| {
        let [first, second] = others.map(|other| other.levels[next]);
        let open = if first <= second { others[1] } else { others[0] };
        move |member| open.is_older(member, vertex)
    })
}

/// Takes back the pointers of top cells that matter under the ages of `other`.
pub(super) fn release_tops<L: Level, const D: usize>(
    filtration: &Filtration<L, D>,
    other: &Filtration<L, D>,
    pointers: &[u32],
) -> Buffer<u32> {
    release(filtration, pointers, |top, _| {
        let level = other.top(top);
        move |member| {
            let of_member = other.top(member);
            of_member > level || (of_member == level && member > top)
        }
    })
}

/// The pointers whose chains have a member that settles the test.
fn release<L: Level, const D: usize, T: Fn(usize) -> bool>(
    filtration: &Filtration<L, D>,
    pointers: &[u32],
    test: impl Fn(usize, usize) -> T,
) -> Buffer<u32> {
    let mut released = Buffer::filled(0, pointers.len());
    let lattice = &filtration.lattice;
    for place in lattice.rows().flat_map(|start| start..start + lattice.row_length()) {
        let next = pointers[place] as usize;
        released[place] = next as u32;
        if next == place || next == 0 {
            continue;
        }
        let settles = test(place, next);
        let mut member = next;
        let mut settled = settles(member);
        for _ in 1..LONGEST_CHAIN {
            let next = pointers[member] as usize;
            if settled || next == member {
                break;
            }
            member = next;
            settled = settles(member);
        }
        if !settled {
            released[place] = place as u32;
        }
    }
    released
}
