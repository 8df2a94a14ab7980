//! Polynomials on a cell of the line: Chebyshev polynomials of a sample, nodes, and tables of a kernel between the
//! nodes of two cells.

use super::softplus::{FAR, derivative};
use std::f64::consts::PI;
use std::sync::OnceLock;

const LANES: usize = 4;

/// `4 V` numbers of a cell: values at its nodes, or coefficients of polynomials.
pub(super) type Row<const V: usize> = [[f64; LANES]; V];

/// The Chebyshev polynomials of the first kind at `t`, of degrees below `4 V`.
///
/// `T_(k+4) = 2 T_4 T_k - T_|k-4|` gives four at a time.
#[inline(always)]
pub(super) fn basis<const V: usize>(t: f64) -> Row<V> {
    let square = 2.0 * t * t;
    let (second, third) = (square - 1.0, t * (2.0 * square - 3.0));
    let twice_fourth = 4.0 * second * second - 2.0;
    let first = [1.0, t, second, third];
    let mut before = [0.5 * twice_fourth, third, second, t];
    let mut last = first;
    let mut rows = [first; V];
    for row in rows.iter_mut().skip(1) {
        for lane in 0..LANES {
            row[lane] = twice_fourth * last[lane] - before[lane];
        }
        (before, last) = (last, *row);
    }
    rows
}

/// `row += factor * other`.
#[inline(always)]
pub(super) fn add_scaled<const V: usize>(row: &mut Row<V>, factor: f64, other: &Row<V>) {
    for (own, other) in row.iter_mut().zip(other) {
        for lane in 0..LANES {
            own[lane] += factor * other[lane];
        }
    }
}

/// The sum of products.
#[inline(always)]
pub(super) fn dot<const V: usize>(a: &Row<V>, b: &Row<V>) -> f64 {
    let mut lanes = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

/// What a kernel gives between two cells, from one node of the sources to all nodes of the receivers.
#[derive(Clone, Copy)]
pub(super) struct FromNode<const V: usize> {
    /// The value of the pair, where the source is a negative.
    pub(super) value: Row<V>,
    /// Its slope, where the source is a negative.
    pub(super) to_positives: Row<V>,
    /// Its slope, where the source is a positive.
    pub(super) to_negatives: Row<V>,
}

/// Cells of one width: their nodes, and their kernels.
pub(super) struct Grid<const V: usize> {
    /// Width of a cell.
    pub(super) width: f64,
    nodes: OnceLock<Nodes<V>>,
    kernels: [OnceLock<Vec<Vec<FromNode<V>>>>; 3],
}

/// Nodes of a cell, and how coefficients become values there and back.
pub(super) struct Nodes<const V: usize> {
    /// Distances from the centre of the cell.
    pub(super) places: Vec<f64>,
    /// For each degree, what a moment puts on the nodes.
    pub(super) of_moments: Vec<Row<V>>,
    /// For each node, what a value there adds to the coefficients.
    pub(super) of_values: Vec<Row<V>>,
}

impl<const V: usize> Grid<V> {
    pub(super) const fn new(width: f64) -> Self {
        Self { width, nodes: OnceLock::new(), kernels: [OnceLock::new(), OnceLock::new(), OnceLock::new()] }
    }

    /// Number of nodes of a cell.
    pub(super) const fn count(&self) -> usize {
        LANES * V
    }

    /// Cells that are at most this many steps apart are near: the others are [`FAR`] apart.
    pub(super) fn near(&self) -> u64 {
        (FAR / self.width) as u64
    }

    pub(super) fn nodes(&self) -> &Nodes<V> {
        self.nodes.get_or_init(|| {
            let count = self.count();
            let angle = |node: usize| PI * (node as f64 + 0.5) / count as f64;
            let matrix = |degree: usize, node: usize| {
                let factor = if degree == 0 { 1.0 } else { 2.0 } / count as f64;
                factor * (degree as f64 * angle(node)).cos()
            };
            let rows = |entry: &dyn Fn(usize, usize) -> f64| -> Vec<Row<V>> {
                let row = |a| std::array::from_fn(|v| std::array::from_fn(|lane| entry(a, LANES * v + lane)));
                (0..count).map(row).collect()
            };
            Nodes {
                places: (0..count).map(|node| 0.5 * self.width * angle(node).cos()).collect(),
                of_moments: rows(&|degree, node| matrix(degree, node)),
                of_values: rows(&|node, degree| matrix(degree, node)),
            }
        })
    }

    /// For each step from the cell of the receivers to that of the sources, from `-near` to `near`: what each source
    /// node gives. Steps above zero leave out the part of order 0 that grows like the distance.
    pub(super) fn kernel<const ORDER: usize>(&self) -> &[Vec<FromNode<V>>] {
        self.kernels[ORDER].get_or_init(|| {
            let places = &self.nodes().places;
            let near = self.near() as i64;
            let between = |step: i64, source: f64| {
                let row = |kernel: &dyn Fn(f64) -> f64| {
                    let at = |node| kernel(step as f64 * self.width + (source - places[node]));
                    std::array::from_fn(|v| std::array::from_fn(|lane| at(LANES * v + lane)))
                };
                FromNode {
                    value: row(&|d| value::<ORDER>(d, step > 0)),
                    to_positives: row(&|d| slope::<ORDER>(d)),
                    to_negatives: row(&|d| slope::<ORDER>(-d)),
                }
            };
            (-near..=near).map(|step| places.iter().map(|&source| between(step, source)).collect()).collect()
        })
    }
}

/// The kernel at a distance; `above` says that the linear part is counted elsewhere.
#[inline(always)]
pub(super) fn value<const ORDER: usize>(d: f64, above: bool) -> f64 {
    match ORDER {
        0 if above => derivative::<0>(-d, 0.0),
        0 => derivative::<0>(d, 0.0),
        1 => derivative::<1>(d, 0.0),
        _ => derivative::<2>(d, 0.0),
    }
}

/// The slope of the kernel at a distance.
#[inline(always)]
pub(super) fn slope<const ORDER: usize>(d: f64) -> f64 {
    match ORDER {
        0 => derivative::<1>(d, 0.0),
        1 => derivative::<2>(d, 0.0),
        _ => derivative::<3>(d, 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basis_is_the_cosine_of_multiples() {
        for t in [-1.0, -0.3, 0.0, 0.77, 1.0_f64] {
            for (degree, ours) in basis::<5>(t).as_flattened().iter().enumerate() {
                assert!((ours - (degree as f64 * t.acos()).cos()).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn interpolation_is_exact_for_polynomials() {
        let grid = Grid::<3>::new(2.0);
        let nodes = grid.nodes();
        let cubic = |x: f64| x * x * x - 2.0 * x + 0.5;
        let mut coefficients = [[0.0; LANES]; 3];
        for (&place, row) in nodes.places.iter().zip(&nodes.of_values) {
            add_scaled(&mut coefficients, cubic(place), row);
        }
        let mut masses = [[0.0; LANES]; 3];
        for (&moment, row) in basis::<3>(0.3).as_flattened().iter().zip(&nodes.of_moments) {
            add_scaled(&mut masses, moment, row);
        }
        let at_nodes = nodes.places.iter().zip(masses.as_flattened());
        let moved: f64 = at_nodes.map(|(&place, mass)| mass * cubic(place)).sum();
        for ours in [dot(&coefficients, &basis(0.3)), moved] {
            assert!((ours - cubic(0.3)).abs() < 1e-15);
        }
    }
}
