//! Which components a cell joins, by union-find: of vertices for dimension 0, of top cells for the last dimension.

use super::buffers::Buffer;
use super::events::{self, Events};
use super::lattice::{self, Cell, Lattice};
use super::levels::{Filtration, Level};
use std::array::from_fn;

/// Events are looked up in blocks, so that their loads do not wait for each other.
const BLOCK: usize = 64;

/// Steps towards the representatives that are taken while looking up.
const STEPS: usize = 3;

/// The bit above a place that tells whether its level and that of the event have one code.
const AGREE: u32 = 31;

/// An edge or facet that joins two components.
pub(super) struct Join<const OTHERS: usize> {
    pub(super) cell: Cell,
    /// Whether the far end of an edge gives it its level.
    pub(super) is_far: bool,
    /// The vertex or top cell whose component ends.
    pub(super) ends: usize,
    /// Whether the levels of both have one code.
    pub(super) agree: bool,
    /// The one that ends if components have the ages of another filtration.
    pub(super) others: [usize; OTHERS],
}

/// Visits edges from the oldest on: of two components that an edge joins the younger ends. Keeps the edges that join
/// nothing.
///
/// Components live as long as their oldest vertex lets them, under the ages of `filtration` and of each of `others`.
pub(super) fn join_vertices<L: Level, const D: usize, const OTHERS: usize>(
    filtration: &Filtration<L, D>,
    others: [&Filtration<L, D>; OTHERS],
    pointers: Buffer<u32>,
    events: &mut Events,
    emit: impl FnMut(Join<OTHERS>),
) {
    let strides = filtration.lattice.strides;
    let beyond = |base: usize, kind: usize| base + strides[kind];
    let is_older = |filtration: &Filtration<L, D>, a: usize, b: usize| filtration.is_older(a, b);
    let first = |a: usize, b: usize| is_older(filtration, a, b);
    let code = |vertex: usize| filtration.code(filtration.levels[vertex]);
    let others = others.map(|other| move |a: usize, b: usize| is_older(other, a, b));
    join::<false, OTHERS>(pointers, events, beyond, first, code, others, emit);
}

/// Visits facets from the youngest on: of two components of top cells that a facet joins the older ends. Keeps the
/// facets that join nothing.
pub(super) fn join_tops<L: Level, const D: usize, const OTHERS: usize>(
    filtration: &Filtration<L, D>,
    others: [&Filtration<L, D>; OTHERS],
    pointers: Buffer<u32>,
    events: &mut Events,
    emit: impl FnMut(Join<OTHERS>),
) {
    let strides: [usize; D] = from_fn(|kind| filtration.lattice.strides[Lattice::<D>::normal(kind)]);
    let beyond = |base: usize, kind: usize| base - strides[kind];
    let first = |a: usize, b: usize| filtration.is_younger_top(a, b);
    let code = |top: usize| filtration.code(filtration.tops[top]);
    let others = others.map(|other| move |a: usize, b: usize| other.is_younger_top(a, b));
    join::<true, OTHERS>(pointers, events, beyond, first, code, others, emit);
}

/// Visits events, or if `REVERSED` from the last on: of two components the one ends whose cell does not go first.
fn join<const REVERSED: bool, const OTHERS: usize>(
    mut parents: Buffer<u32>,
    events: &mut Events,
    beyond: impl Fn(usize, usize) -> usize,
    goes_first: impl Fn(usize, usize) -> bool,
    code: impl Fn(usize) -> u32,
    others: [impl Fn(usize, usize) -> bool; OTHERS],
    mut emit: impl FnMut(Join<OTHERS>),
) {
    let words = &mut events.0;
    let count = words.len();
    // One more than there are joins: every event is written, and the next overwrites what joins nothing.
    let mut joins = Buffer::filled(0_u64, count + 1);
    let mut firsts: [Buffer<u32>; OTHERS] = from_fn(|_| own_places(parents.len()));
    let mut ended: [Buffer<u32>; OTHERS] = from_fn(|_| Buffer::filled(0_u32, count + 1));
    let (mut joined, mut kept) = (0, 0);
    let place_of = |visit: usize| if REVERSED { count - 1 - visit } else { visit };
    let mut block = [(0, [0; 2]); BLOCK];
    for start in (0..count).step_by(BLOCK) {
        let block = &mut block[..BLOCK.min(count - start)];
        for (entry, visit) in block.iter_mut().zip(start..) {
            let word = words[place_of(visit)];
            let (base, kind) = (lattice::base(events::cell(word)), lattice::kind(events::cell(word)));
            let ends = [climb(&mut parents, base), climb(&mut parents, beyond(base, kind))];
            *entry = (word, ends);
        }
        for &(word, ends) in &*block {
            let [a, b] = [find(&mut parents, ends[0]), find(&mut parents, ends[1])];
            let (lives, ends) = if goes_first(a, b) { (a, b) } else { (b, a) };
            parents[ends] = lives as u32;
            let agree = u32::from((word >> 32) as u32 == code(ends)) << AGREE;
            joins[joined] = word << 32 | u64::from(ends as u32 | agree);
            for (other, goes_first) in others.iter().enumerate() {
                let firsts = &mut firsts[other];
                let (a, b) = (firsts[a] as usize, firsts[b] as usize);
                let (lasts, ends) = if goes_first(a, b) { (a, b) } else { (b, a) };
                firsts[lives] = lasts as u32;
                ended[other][joined] = ends as u32;
            }
            words[place_of(kept)] = word;
            joined += usize::from(a != b);
            kept += usize::from(a == b);
        }
    }
    if REVERSED {
        words.copy_within(count - kept.., 0);
    }
    words.truncate(kept);
    for (index, &join) in joins[..joined].iter().enumerate() {
        let mut others = [0; OTHERS];
        for (other, ended) in others.iter_mut().zip(&ended) {
            *other = ended[index] as usize;
        }
        let word = join >> 32;
        emit(Join {
            cell: events::cell(word),
            is_far: events::is_far(word),
            ends: join as usize & ((1 << AGREE) - 1),
            agree: join >> AGREE & 1 == 1,
            others,
        });
    }
}

/// A place some steps nearer to the representative of a component. Shortens the path to it.
#[inline(always)]
fn climb(parents: &mut [u32], place: usize) -> usize {
    let mut above = place;
    for _ in 0..STEPS {
        above = parents[above] as usize;
    }
    parents[place] = above as u32;
    above
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

/// Every place, by itself.
fn own_places(count: usize) -> Buffer<u32> {
    let mut places = Buffer::with_capacity(count);
    places.extend(0..count as u32);
    places
}
