//! Cells that pair with a neighbour whatever the rest of the image is, found by looking at neighbours alone.
//!
//! A cell and its facet are apparent if the facet is the youngest of the cell, and the cell the oldest of those that
//! the facet bounds. Such a pair is part of every result, has length zero, and is not reported; so the vertex, or
//! the top cell, may join its neighbour before anything is sorted.

use super::buffers::Buffer;
use super::levels::{Filtration, Level, higher};
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
    let Filtration { lattice, levels, tops, .. } = filtration;
    let (strides, length) = (lattice.strides, lattice.row_length());
    let mut pointers = Buffer::filled(0, lattice.places);
    // Across the last facet, which is crossed only if the cell beyond is younger.
    let back = if D == 2 { strides[0] } else { 1 };
    for start in lattice.rows() {
        let row = |start: usize| &levels[start..=start + length];
        let (here, down) = (row(start), row(start + strides[0]));
        let (tops, beyond) = (&tops[start..start + length], &tops[start - back..start - back + length]);
        let own = &mut pointers[start..start + length];
        let back = 0_u32.wrapping_sub(back as u32);
        if D == 2 {
            for (i, pointer) in own.iter_mut().enumerate() {
                let top = tops[i];
                let (lower, right) = (higher(down[i], down[i + 1]), higher(here[i + 1], down[i + 1]));
                let offset = if beyond[i] > top { back } else { 0 };
                let offset = if right == top { 1 } else { offset };
                let offset = if lower == top { strides[0] as u32 } else { offset };
                *pointer = if top == L::OUTSIDE { 0 } else { ((start + i) as u32).wrapping_add(offset) };
            }
        } else {
            let (front, both) = (row(start + strides[1]), row(start + strides[0] + strides[1]));
            for (i, pointer) in own.iter_mut().enumerate() {
                let top = tops[i];
                let edge = higher(both[i], both[i + 1]);
                let lower = higher(higher(down[i], down[i + 1]), edge);
                let ahead = higher(higher(front[i], front[i + 1]), edge);
                let right = higher(higher(here[i + 1], down[i + 1]), higher(front[i + 1], both[i + 1]));
                let offset = if beyond[i] > top { back } else { 0 };
                let offset = if right == top { 1 } else { offset };
                let offset = if ahead == top { strides[1] as u32 } else { offset };
                let offset = if lower == top { strides[0] as u32 } else { offset };
                *pointer = if top == L::OUTSIDE { 0 } else { ((start + i) as u32).wrapping_add(offset) };
            }
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
        let [first, second] = [others[0].levels[next], others[1].levels[next]];
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
        let level = other.tops[top];
        move |member| {
            let of_member = other.tops[member];
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
