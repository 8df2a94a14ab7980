//! Couplings of little entropy: distributions tied to one by joining their largest masses.
//!
//! A side is its masses from the largest on, sorted once, beside a heap of what is left of those in part used.
//!
//! Source: Kocaoglu, Dimakis, Vishwanath and Hassibi, Entropic Causal Inference, AAAI 2017, algorithm 1.

use crate::ranking::RankingError;
use crate::ranks::argsort;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fmt;

/// Why there is no coupling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CouplingError {
    /// 2^32 masses or more.
    TooMany {
        /// Which distribution.
        side: usize,
        /// Masses given.
        masses: usize,
    },
    /// A mass that is NaN, infinite or below 0.
    BadMass {
        /// Which distribution.
        side: usize,
        /// The position of the mass.
        index: usize,
    },
}

impl fmt::Display for CouplingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { side, masses } => write!(f, "distribution {side}: {masses} masses"),
            Self::BadMass { side, index } => {
                write!(f, "distribution {side}: NaN, infinity or a number below 0 at position {index}")
            }
        }
    }
}

impl std::error::Error for CouplingError {}

/// Mass left over by rounding, which is not moved.
const CRUMB: f64 = 1e-14;

/// The cells of a joint distribution that are not 0, each once, in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coupling {
    /// Of each cell, one after the other, its place on every side.
    pub places: Vec<u32>,
    /// Of each cell.
    pub masses: Vec<f64>,
}

/// Joins the largest masses left on the sides, as much as all have, until what is left is 1e-14 or less.
///
/// Of equal masses the first is taken. The same as a search for the largest mass of each side at each step, to the
/// bit, in O(n log n) for n masses of all sides, which are n cells at most.
///
/// # Errors
/// [`CouplingError`].
///
/// ```
/// use lossary_core::entropy_coupling::greedy_coupling;
/// let found = greedy_coupling(&[&[0.5, 0.5][..], &[0.25, 0.5, 0.25]])?;
/// assert_eq!((found.places, found.masses), (vec![0, 1, 1, 0, 1, 2], vec![0.5, 0.25, 0.25]));
/// # Ok::<(), lossary_core::entropy_coupling::CouplingError>(())
/// ```
pub fn greedy_coupling(sides: &[&[f64]]) -> Result<Coupling, CouplingError> {
    let mut sides = sides
        .iter()
        .enumerate()
        .map(|(side, masses)| Side::new(side, masses))
        .collect::<Result<Vec<_>, _>>()?;
    let mut found = Coupling::default();
    loop {
        let largest = sides.iter().map(|side| side.largest().map_or(0.0, Mass::value));
        let moved = largest.fold(f64::INFINITY, f64::min);
        // Of no sides, there is no largest mass.
        if moved <= CRUMB || moved == f64::INFINITY {
            return Ok(found);
        }
        found.masses.push(moved);
        found.places.extend(sides.iter_mut().filter_map(|side| side.take(moved)));
    }
}

/// A mass above 0, as the bits that order like it, and its place; of equal masses the first is the largest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Mass(u64, Reverse<u32>);

impl Mass {
    fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// What is left of a distribution.
struct Side<'a> {
    masses: &'a [f64],
    /// Places of the masses that are untouched, smallest first.
    whole: Vec<u32>,
    rest: BinaryHeap<Mass>,
}

impl<'a> Side<'a> {
    fn new(side: usize, masses: &'a [f64]) -> Result<Self, CouplingError> {
        if let Some(index) = masses.iter().position(|mass| !(0.0..f64::INFINITY).contains(mass)) {
            return Err(CouplingError::BadMass { side, index });
        }
        let negative: Vec<f64> = masses.iter().map(|mass| -mass).collect();
        let mut whole = match argsort(&negative) {
            Ok(order) => order,
            Err(RankingError::TooMany { scores }) => {
                return Err(CouplingError::TooMany { side, masses: scores });
            }
            Err(_) => Vec::new(), // there are none
        };
        whole.reverse();
        Ok(Self { masses, whole, rest: BinaryHeap::new() })
    }

    fn untouched(&self) -> Option<Mass> {
        // Bits of negative zero would order above those of all numbers.
        let bits = |place: u32| (self.masses[place as usize] + 0.0).to_bits();
        self.whole.last().map(|&place| Mass(bits(place), Reverse(place)))
    }

    fn largest(&self) -> Option<Mass> {
        self.untouched().max(self.rest.peek().copied())
    }

    /// Takes so much of the largest mass; returns its place.
    fn take(&mut self, moved: f64) -> Option<u32> {
        let largest = self.largest()?;
        let Mass(_, Reverse(place)) = largest;
        let left = largest.value() - moved;
        let left = (left > 0.0).then(|| Mass(left.to_bits(), Reverse(place)));
        if self.whole.last() == Some(&place) {
            self.whole.pop();
            self.rest.extend(left);
        } else if let Some(mut top) = self.rest.peek_mut() {
            match left {
                Some(left) => *top = left,
                None => drop(PeekMut::pop(top)),
            }
        }
        Some(place)
    }
}
