//! The features that two images have in common.
//!
//! The sublevel sets of both images lie in those of their voxelwise minimum. A pair of each image is matched if the
//! inclusions send both to the same pair of the minimum.

use super::buffers::Buffer;
use super::lattice::{self, Cell, Lattice};
use super::levels::{Filtration, Level, Voxel, check_finite};
use super::pairs::{
    Pair, SolidSweep, critical_squares, is_filled_later, loop_pair, outlives, ranks, sort_pairs, sweep_flat,
    sweep_solid, top_pair, vertex_pair,
};
use super::reduction::{Boundaries, Solid};
use super::stars::{apparent_edges, apparent_squares};
use super::{Axes, PersistenceError};
use crate::threads;

/// The pairs of two images in one dimension, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matches {
    /// Pairs of the prediction and of the target that are the same feature.
    pub matched: Vec<(Pair, Pair)>,
    /// Pairs of the prediction alone.
    pub unmatched_prediction: Vec<Pair>,
    /// Pairs of the target alone.
    pub unmatched_target: Vec<Pair>,
}

/// The features of a prediction and a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// For every dimension below the number of axes.
    pub dimensions: Vec<Matches>,
    /// The first lowest voxel of the prediction.
    pub essential_prediction: u32,
    /// The first lowest voxel of the target.
    pub essential_target: u32,
}

/// Matches the persistence pairs of two images of one shape by the features they become in the union of the sublevel
/// sets.
///
/// The same as reducing boundary matrices of all cells, with rows in the order of one image and columns in that of the
/// voxelwise minimum. Costs as [`persistence_pairs`](super::persistence_pairs), some 6 to 10 times; and 130 bytes of
/// memory a voxel in 2-D, up to 310 in 3-D.
///
/// # Errors
/// [`PersistenceError`]: a shape that is not that of the images, an empty axis, NaN or infinity.
///
/// ```
/// use lossary_core::persistence::{Pair, betti_matching};
///
/// let (prediction, target) = ([1.0, 3.0, 0.0, 2.0], [1.0, 4.0, 0.0, 0.0]);
/// let matching = betti_matching(&prediction, &target, &[4])?;
/// let pair = Pair { birth: 0, death: 1 };
/// assert_eq!(matching.dimensions[0].matched, [(pair, pair)]);
/// # Ok::<(), lossary_core::persistence::PersistenceError>(())
/// ```
pub fn betti_matching<V: Voxel>(
    prediction: &[V],
    target: &[V],
    shape: &[usize],
) -> Result<Matching, PersistenceError> {
    let axes = Axes::of(shape, &[("prediction", prediction.len()), ("target", target.len())])?;
    check_finite("prediction", prediction)?;
    check_finite("target", target)?;
    of_axes([prediction, target], shape, &axes, threads::threads_for(2 * prediction.len()))
}

/// [`betti_matching`] of every image of a batch, one after the other in memory, on several threads.
///
/// # Errors
/// As [`betti_matching`]; positions count from the start of the batch.
pub fn betti_matching_of_each<V: Voxel>(
    predictions: &[V],
    targets: &[V],
    shape: &[usize],
) -> Result<Vec<Matching>, PersistenceError> {
    let (axes, voxels) =
        Axes::of_each(shape, &[("prediction", predictions.len()), ("target", targets.len())])?;
    check_finite("prediction", predictions)?;
    check_finite("target", targets)?;
    let jobs: Vec<_> = predictions.chunks_exact(voxels).zip(targets.chunks_exact(voxels)).collect();
    let threads = threads::threads_for(2 * predictions.len());
    let of_each = (threads / jobs.len().max(1)).max(1);
    let of_one = |(prediction, target)| of_axes([prediction, target], shape, &axes, of_each);
    threads::map(jobs, threads, of_one).into_iter().collect()
}

fn of_axes<V: Voxel>(
    images: [&[V]; 2],
    shape: &[usize],
    axes: &Axes,
    threads: usize,
) -> Result<Matching, PersistenceError> {
    let mut matching = match *axes {
        Axes::Flat(lengths) => {
            let lattice = Lattice::new(lengths);
            let levels = |image: &[V]| Filtration::new(lattice, image.iter().map(|voxel| voxel.level()));
            of_flat(&images.map(levels), threads)
        }
        Axes::Solid(lengths) => {
            let (lattice, ranks) = (Lattice::new(lengths), ranks(&images.concat())?);
            let (first, second) = ranks.split_at(images[0].len());
            of_solid(&[first, second].map(|ranks| Filtration::new(lattice, ranks.iter().copied())), threads)
        }
    };
    matching.dimensions.resize_with(shape.len(), Matches::default);
    Ok(matching)
}

/// The pairs of one image in one dimension, and what they are found by.
#[derive(Default)]
struct Side {
    pairs: Vec<Pair>,
    /// For every key the number of its pair, from 1 on.
    numbers: Buffer<u32>,
}

impl Side {
    fn new(keys: usize) -> Self {
        Self { pairs: Vec::new(), numbers: Buffer::filled(0, keys) }
    }

    fn insert(&mut self, key: usize, pair: Option<Pair>) {
        if let Some(pair) = pair {
            self.pairs.push(pair);
            self.numbers[key] = self.pairs.len() as u32;
        }
    }

    /// The number of the pair of a key, from 1 on, or 0.
    fn find(&self, key: usize) -> u32 {
        self.numbers[key]
    }
}

/// Matches the pairs that become one feature of the union, by their numbers.
fn match_up(sides: [&Side; 2], features: impl Iterator<Item = [u32; 2]>) -> Matches {
    let mut is_free = sides.map(|side| vec![true; side.pairs.len()]);
    let mut matched = Vec::new();
    for feature in features {
        if let [Some(first), Some(second)] = feature.map(|number| (number as usize).checked_sub(1)) {
            is_free[0][first] = false;
            is_free[1][second] = false;
            matched.push((sides[0].pairs[first], sides[1].pairs[second]));
        }
    }
    matched.sort_unstable();
    let [unmatched_prediction, unmatched_target] = [0, 1].map(|side: usize| {
        let pairs = sides[side].pairs.iter().zip(&is_free[side]);
        let mut free: Vec<Pair> = pairs.filter(|&(_, &is_free)| is_free).map(|(&pair, _)| pair).collect();
        sort_pairs(&mut free);
        free
    });
    Matches { matched, unmatched_prediction, unmatched_target }
}

/// Matches components by the vertices that end in each image where a component of the union ends.
fn match_components(sides: [&Side; 2], ends: &[[usize; 2]]) -> Matches {
    match_up(sides, ends.iter().map(|&[first, second]| [sides[0].find(first), sides[1].find(second)]))
}

/// Matches loops, or cavities, by the top cells that fill them in the union.
fn match_tops(sides: [&Side; 2], tops: &[usize]) -> Matches {
    match_up(sides, tops.iter().map(|&top| sides.map(|side| side.find(top))))
}

fn of_flat<L: Level>(images: &[Filtration<L, 2>; 2], threads: usize) -> Matching {
    let union = images[0].union(&images[1]);
    let sides = threads::map_array(images.each_ref(), threads, |image| {
        let (mut vertices, mut tops) = (Side::new(image.lattice.places), Side::new(image.lattice.places));
        sweep_flat(
            image,
            [],
            [&union],
            |join| vertices.insert(join.ends, vertex_pair(image, &join)),
            |join| tops.insert(join.others[0], top_pair(image, &join)),
        );
        [vertices, tops]
    });
    let (mut ends, mut tops) = (Vec::new(), Vec::new());
    sweep_flat(
        &union,
        images.each_ref(),
        [],
        |join| ends.extend(outlives(&union, &join).then_some(join.others)),
        |join| tops.extend(is_filled_later(&union, &join).then_some(join.ends)),
    );
    let [[first, first_top], [second, second_top]] = &sides;
    matching(
        images,
        vec![match_components([first, second], &ends), match_tops([first_top, second_top], &tops)],
    )
}

fn matching<L: Level, const D: usize>(images: &[Filtration<L, D>; 2], dimensions: Vec<Matches>) -> Matching {
    let [essential_prediction, essential_target] = images.each_ref().map(Filtration::oldest);
    Matching { dimensions, essential_prediction, essential_target }
}

/// The pairs of a 3-D image, by dimension, and for every loop of the union the number of the pair that becomes it.
type SolidSides = ([Side; 3], Vec<u32>);

fn of_solid(images: &[Solid; 2], threads: usize) -> Matching {
    let union = images[0].union(&images[1]);
    let (mut ends, mut tops, mut squares) = (Vec::new(), Vec::new(), Vec::new());
    let of_union = sweep_solid(
        &union,
        images.each_ref(),
        [],
        |join| ends.extend(outlives(&union, &join).then_some(join.others)),
        |join| tops.extend(is_filled_later(&union, &join).then_some(join.ends)),
    );
    of_union.loops(&union, |edge, square| {
        squares.extend(loop_pair(&union, edge, square).map(|_| square));
    });
    let [first, second] = threads::map_array(images.each_ref(), threads, |image| {
        solid_sides(image, &union, &of_union, &squares)
    });
    let ([first, first_loop, first_top], first_becomes) = &first;
    let ([second, second_loop, second_top], second_becomes) = &second;
    let becomes = first_becomes.iter().zip(second_becomes).map(|(&first, &second)| [first, second]);
    matching(
        images,
        vec![
            match_components([first, second], &ends),
            match_up([first_loop, second_loop], becomes),
            match_tops([first_top, second_top], &tops),
        ],
    )
}

fn solid_sides(image: &Solid, union: &Solid, of_union: &SolidSweep, squares: &[Cell]) -> SolidSides {
    let (mut vertices, mut tops) = (Side::new(image.lattice.places), Side::new(image.lattice.places));
    let sweep = sweep_solid(
        image,
        [],
        [union],
        |join| vertices.insert(join.ends, vertex_pair(image, &join)),
        |join| tops.insert(join.others[0], top_pair(image, &join)),
    );
    let mut loops = Side::new(image.lattice.places << 2);
    sweep.loops(image, |edge, square| loops.insert(edge as usize, loop_pair(image, edge, square)));
    let births = image_births(image, &sweep, union, of_union, squares);
    let becomes = squares.iter().map(|&square| loops.find(births[square as usize] as usize)).collect();
    ([vertices, loops, tops], becomes)
}

/// For each of some squares of the union the edge of the image that its loop is born with.
fn image_births(
    image: &Solid,
    sweep: &SolidSweep,
    union: &Solid,
    of_union: &SolidSweep,
    squares: &[Cell],
) -> Buffer<u32> {
    let (lattice, youngest, oldest) = (&image.lattice, &sweep.youngest, &of_union.oldest);
    let apparent = apparent_edges(lattice, youngest, oldest);
    let boundaries = Boundaries::new(image, &sweep.trees, youngest, oldest, &apparent);
    let apparent = apparent_squares(lattice, youngest, oldest);
    let mut births = Buffer::filled(0, lattice.places << 2);
    let mut wanted = Buffer::filled(0_u8, lattice.places);
    let mut missing = 0;
    for &square in squares {
        let (base, kind) = (lattice::base(square), lattice::kind(square));
        if apparent[base] >> kind & 1 == 1 {
            births[square as usize] = boundaries.youngest_edge(square);
        } else {
            wanted[base] |= 1 << kind;
            missing += 1;
        }
    }
    if missing > 0 {
        let columns = critical_squares(union, &of_union.cleared, &apparent);
        boundaries.reduce(columns.in_order(), |edge, square| {
            if wanted[lattice::base(square)] >> lattice::kind(square) & 1 == 1 {
                births[square as usize] = edge;
                missing -= 1;
            }
            missing > 0
        });
    }
    births
}
