//! Of 3-D images, which edge of a square is the youngest, and which square at an edge the oldest.
//!
//! Both have two bits for each of the three types of cells at a place. All is found row by row, by comparing
//! neighbours, without branches.

use super::buffers::Buffer;
use super::lattice::{self, Cell, Lattice};
use super::reduction::Solid;
use std::array::from_fn;

/// The two axes that are not `axis`, ascending.
pub(super) const OTHER_AXES: [[usize; 2]; 3] = [[1, 2], [0, 2], [0, 1]];

/// The edges of a square, the youngest of those of one level first.
#[inline(always)]
pub(super) fn edges_of(lattice: &Lattice<3>, square: Cell) -> [Cell; 4] {
    let (base, [p, q]) = (lattice::base(square), OTHER_AXES[lattice::kind(square)]);
    [
        lattice::cell(base + lattice.strides[p], q),
        lattice::cell(base + lattice.strides[q], p),
        lattice::cell(base, q),
        lattice::cell(base, p),
    ]
}

/// The squares at an edge, the oldest of those of one level first.
#[inline(always)]
pub(super) fn squares_of(lattice: &Lattice<3>, edge: Cell) -> [Cell; 4] {
    let (base, [p, q]) = (lattice::base(edge), OTHER_AXES[lattice::kind(edge)]);
    [
        lattice::cell(base - lattice.strides[p], q),
        lattice::cell(base - lattice.strides[q], p),
        lattice::cell(base, p),
        lattice::cell(base, q),
    ]
}

/// Which of the [edges](edges_of) or [squares](squares_of) of the cells at every place comes first.
pub(super) struct Choices(Buffer<u8>);

impl Choices {
    /// The youngest edge of every square.
    pub(super) fn youngest_edges(filtration: &Solid) -> Self {
        let Solid { lattice, levels, .. } = filtration;
        let (strides, length) = (lattice.strides, lattice.row_length());
        let mut choices = Buffer::filled(0, lattice.places);
        for start in lattice.rows() {
            let own = &mut choices[start..start + length];
            let edges = |start: usize, axis: usize| {
                [start, start + strides[axis]].map(|start| &levels[start..start + length])
            };
            for (kind, [p, q]) in OTHER_AXES.into_iter().enumerate() {
                let (far_q, far_p) = (edges(start + strides[p], q), edges(start + strides[q], p));
                let near_q = edges(start, q);
                for (i, choice) in own.iter_mut().enumerate() {
                    let level = |[first, second]: [&[u32]; 2]| first[i].max(second[i]);
                    let [far_q, far_p, near_q] = [far_q, far_p, near_q].map(level);
                    let highest = far_q.max(near_q);
                    let found = if near_q == highest { 2 } else { 3 };
                    let found = if far_p == highest { 1 } else { found };
                    let found = if far_q == highest { 0 } else { found };
                    *choice |= (found as u8) << (2 * kind);
                }
            }
        }
        Self(choices)
    }

    /// The oldest square at every edge.
    pub(super) fn oldest_squares(filtration: &Solid) -> Self {
        let Solid { lattice, levels, .. } = filtration;
        let (strides, length) = (lattice.strides, lattice.row_length());
        let mut choices = Buffer::filled(0, lattice.places);
        for start in lattice.rows() {
            let own = &mut choices[start..start + length];
            for (axis, [p, q]) in OTHER_AXES.into_iter().enumerate() {
                let edges =
                    |start: usize| [start, start + strides[axis]].map(|start| &levels[start..start + length]);
                let here = edges(start);
                let across = [start - strides[p], start - strides[q], start + strides[q], start + strides[p]];
                let across = across.map(edges);
                for (i, choice) in own.iter_mut().enumerate() {
                    let level = |[first, second]: [&[u32]; 2]| first[i].max(second[i]);
                    let here = level(here);
                    let squares = across.map(|edges| level(edges).max(here));
                    let (mut lowest, mut found) = (squares[0], 0_u32);
                    for (&square, number) in squares[1..].iter().zip(1..) {
                        found = if square < lowest { number } else { found };
                        lowest = lowest.min(square);
                    }
                    *choice |= (found as u8) << (2 * axis);
                }
            }
        }
        Self(choices)
    }

    /// The choices at every place, from the lowest bits on.
    pub(super) fn words(&self) -> &[u8] {
        &self.0
    }

    /// The choice of a cell.
    #[inline(always)]
    pub(super) fn of(&self, cell: Cell) -> usize {
        usize::from(self.0[lattice::base(cell)] >> (2 * lattice::kind(cell)) & 3)
    }
}

/// The types of the squares, at every place, whose youngest edges they are the oldest to bound, as bits.
pub(super) fn apparent_squares(lattice: &Lattice<3>, youngest: &Choices, oldest: &Choices) -> Buffer<u8> {
    masks(lattice, youngest, oldest, |kind| {
        let [p, q] = OTHER_AXES[kind];
        let far = |axis: usize| u8::from(axis > kind);
        let near = |axis: usize| 3 - u8::from(axis > kind);
        let beyond = lattice.strides;
        [(beyond[p] as isize, q, far(p)), (beyond[q] as isize, p, far(q)), (0, q, near(p)), (0, p, near(q))]
    })
}

/// The axes of the edges, at every place, whose oldest squares they are the youngest to bound, as bits.
pub(super) fn apparent_edges(lattice: &Lattice<3>, youngest: &Choices, oldest: &Choices) -> Buffer<u8> {
    masks(lattice, oldest, youngest, |axis| {
        let [p, q] = OTHER_AXES[axis];
        let far = |other: usize| u8::from(axis < other);
        let near = |other: usize| 2 + u8::from(axis < other);
        let back = lattice.strides.map(|stride| -(stride as isize));
        [(back[p], q, far(p)), (back[q], p, far(q)), (0, p, near(q)), (0, q, near(p))]
    })
}

/// The types of the cells that are chosen by the cells they choose, as bits. `partners` tells for every type, by
/// choice, how far the chosen cell is, its type, and which of its choices is the cell itself.
fn masks(
    lattice: &Lattice<3>,
    own: &Choices,
    others: &Choices,
    partners: impl Fn(usize) -> [(isize, usize, u8); 4],
) -> Buffer<u8> {
    let length = lattice.row_length();
    let mut masks = Buffer::filled(0, lattice.places);
    let partners: [_; 3] = from_fn(partners);
    for start in lattice.rows() {
        let (masks, own) = (&mut masks[start..start + length], &own.0[start..start + length]);
        for (kind, partners) in partners.iter().enumerate() {
            for (choice, &(offset, other, back)) in (0..).zip(partners) {
                let start = start.wrapping_add_signed(offset);
                let others = &others.0[start..start + length];
                let (chosen, choosing) = (3 << (2 * kind), choice << (2 * kind));
                let (there, back) = (3 << (2 * other), back << (2 * other));
                for ((mask, own), others) in masks.iter_mut().zip(own).zip(others) {
                    let is_mutual = (own & chosen == choosing) & (others & there == back);
                    *mask |= u8::from(is_mutual) << kind;
                }
            }
        }
    }
    masks
}
