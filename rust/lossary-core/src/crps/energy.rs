//! The energy score: distances of vectors in place of differences of numbers.

use super::norms::{Absolute, Euclidean, LANES, Largest, Norm, Power, Row};
use super::{CrpsError, Real, Slopes};
use crate::platform::{self, Work, widest};
use crate::threads;

/// Forecasts of vectors.
#[derive(Clone, Copy, Debug)]
pub struct VectorEnsembles<'a, S> {
    /// What is forecast: the vectors of a point one after the other.
    pub members: &'a [S],
    /// What happened, one vector for each point.
    pub target: &'a [f64],
    /// Numbers of a vector.
    pub dim: usize,
    /// From 0, the score of the ensemble as it is, to 1, the fair one.
    pub alpha: f64,
    /// The power of distances, above 0 and below 2.
    pub beta: f64,
    /// Of the norm, at least 1; infinity is the largest difference.
    pub p: f64,
}

/// Vectors of more numbers have these in lanes; shorter ones the points.
const SHORT: usize = 16;

/// Differences that make one job.
const JOB: usize = 1 << 17;

/// Distances beside which the largest is beyond all numbers of use: they count as 0.
const NO_LENGTH: f64 = 1e-300;

/// Squares of distances up to it, and of those above one over it, are in range.
const IN_RANGE: f64 = 1e100;

/// The energy score of each point of ensembles of M vectors,
///
/// `sum_i |x_i - y|^beta / M - (M - 1 + alpha) / (2 M^2 (M - 1)) sum_ij |x_i - x_j|^beta`;
///
/// in one dimension, with `beta` of 1, what [`crps_ensemble`](super::crps_ensemble) gives. NaN or infinite where an
/// argument is, or where differences overflow; their powers do not.
///
/// O(M^2 D) for vectors of D numbers; memory for the vectors of 8 points on each thread. The same bits for any number
/// of threads.
///
/// # Errors
/// [`CrpsError`]: nothing to score, lengths that do not fit, options out of range.
///
/// ```
/// use lossary_core::crps::{VectorEnsembles, energy_score};
/// let members = [0.0, 0.0, 6.0, 8.0];
/// let given = VectorEnsembles { members: &members, target: &[0.0; 2], dim: 2, alpha: 0.0, beta: 1.0, p: 2.0 };
/// assert_eq!(energy_score(&given)?, [2.5]); // 10/2 - 20/8
/// # Ok::<(), lossary_core::crps::CrpsError>(())
/// ```
pub fn energy_score<S: Real>(given: &VectorEnsembles<'_, S>) -> Result<Vec<f64>, CrpsError> {
    let count = check(given)?;
    let mut values = vec![0.0; given.target.len() / given.dim];
    let points = points_of_job(given, count);
    let parts = values.chunks_mut(points).enumerate();
    run(
        given,
        count,
        parts.map(|(part, values)| Part { first: part * points, values, slopes: None }).collect(),
    );
    Ok(values)
}

/// [`energy_score`], and its derivatives; a distance of 0 has none.
///
/// # Errors
/// As [`energy_score`].
///
/// ```
/// use lossary_core::crps::{VectorEnsembles, energy_slopes};
/// let given =
///     VectorEnsembles { members: &[3.0, 4.0], target: &[0.0; 2], dim: 2, alpha: 1.0, beta: 1.0, p: 2.0 };
/// let slopes = energy_slopes(&given)?;
/// assert_eq!((slopes.values, slopes.target), (vec![5.0], vec![-0.6000000000000001, -0.8]));
/// # Ok::<(), lossary_core::crps::CrpsError>(())
/// ```
pub fn energy_slopes<S: Real>(given: &VectorEnsembles<'_, S>) -> Result<Slopes<S>, CrpsError> {
    let count = check(given)?;
    let mut values = vec![0.0; given.target.len() / given.dim];
    let mut members = platform::zeros::<S>(given.members.len());
    let mut target = vec![S::default(); given.target.len()];
    let points = points_of_job(given, count);
    let slopes = members.chunks_mut(points * count * given.dim).zip(target.chunks_mut(points * given.dim));
    let parts = values.chunks_mut(points).zip(slopes).enumerate();
    let parts = parts
        .map(|(part, (values, slopes))| Part { first: part * points, values, slopes: Some(slopes) })
        .collect();
    run(given, count, parts);
    Ok(Slopes { values, members, target })
}

fn points_of_job<S>(given: &VectorEnsembles<'_, S>, count: usize) -> usize {
    let group = points_of_group(given.dim);
    (JOB / count / count / given.dim / group).max(1) * group
}

/// Points side by side.
fn points_of_group(dim: usize) -> usize {
    if dim > SHORT { 1 } else { LANES }
}

/// The members of a point.
fn check<S>(given: &VectorEnsembles<'_, S>) -> Result<usize, CrpsError> {
    let VectorEnsembles { members, target, dim, alpha, beta, p } = *given;
    let whole = dim > 0 && target.len().is_multiple_of(dim);
    if !whole || members.is_empty() || target.is_empty() || !members.len().is_multiple_of(target.len()) {
        return Err(CrpsError::LengthMismatch { members: members.len(), target: target.len() });
    }
    let in_range =
        [("alpha", (0.0..=1.0).contains(&alpha)), ("beta", beta > 0.0 && beta < 2.0), ("p", p >= 1.0)];
    match in_range.iter().find(|(_, fine)| !fine) {
        Some(&(name, _)) => Err(CrpsError::BadOption { name }),
        None => Ok(members.len() / target.len()),
    }
}

fn run<S: Real>(given: &VectorEnsembles<'_, S>, count: usize, parts: Vec<Part<'_, S>>) {
    match given.p {
        1.0 => run_with(Absolute, given, count, parts),
        2.0 => run_with(Euclidean, given, count, parts),
        f64::INFINITY => run_with(Largest, given, count, parts),
        p => run_with(Power::new(p), given, count, parts),
    }
}

fn run_with<N: Norm, S: Real>(
    norm: N,
    given: &VectorEnsembles<'_, S>,
    count: usize,
    parts: Vec<Part<'_, S>>,
) {
    let threads = threads::threads_for(given.members.len().saturating_mul(count));
    let long = given.dim > SHORT;
    let rows = if long { given.dim.div_ceil(LANES) } else { given.dim };
    let table = || Table { count, rows, vectors: vec![[0.0; LANES]; (count + 1) * rows], slopes: Vec::new() };
    let job = |table: &mut Table, part: Part<'_, S>| part.score(norm, given, long, table);
    threads::map_with(parts, threads, table, job);
}

/// Points that follow each other, and where what is found of them goes.
struct Part<'a, S> {
    first: usize,
    values: &'a mut [f64],
    /// By the members, and by what happened.
    slopes: Option<(&'a mut [S], &'a mut [S])>,
}

/// The vectors of a group of points, or of one.
struct Table {
    count: usize,
    /// Of a vector.
    rows: usize,
    /// The members, then what happened.
    vectors: Vec<Row>,
    /// Derivatives, laid out as the vectors.
    slopes: Vec<Row>,
}

impl<S: Real> Part<'_, S> {
    fn score<N: Norm>(self, norm: N, given: &VectorEnsembles<'_, S>, long: bool, table: &mut Table) {
        let Part { first, values, mut slopes } = self;
        let (count, dim) = (table.count, given.dim);
        let group = points_of_group(dim);
        for (number, values) in values.chunks_mut(group).enumerate() {
            let start = number * group;
            let points = first + start..first + start + values.len();
            let members = &given.members[points.start * count * dim..points.end * count * dim];
            let target = &given.target[points.start * dim..points.end * dim];
            let scales = table.load(members, target, dim, long);
            let differentiated = slopes.is_some();
            let scores = if long {
                widest(Scores::<N, true> {
                    norm,
                    beta: given.beta,
                    alpha: given.alpha,
                    table,
                    differentiated,
                })
            } else {
                widest(Scores::<N, false> {
                    norm,
                    beta: given.beta,
                    alpha: given.alpha,
                    table,
                    differentiated,
                })
            };
            for (lane, value) in values.iter_mut().enumerate() {
                *value = scores[lane] * scales[lane].powf(-given.beta);
            }
            if let Some((of_members, of_target)) = &mut slopes {
                let mut factors = [0.0; LANES];
                for (lane, factor) in factors.iter_mut().enumerate() {
                    // The power of 0 of what is NaN is 1.
                    *factor = scales[lane].powf(1.0 - given.beta) + 0.0 * scales[lane];
                }
                let range = start..start + values.len();
                let of_members = &mut of_members[range.start * count * dim..range.end * count * dim];
                let of_target = &mut of_target[range.start * dim..range.end * dim];
                table.store(of_members, of_target, dim, long, &factors);
            }
        }
    }
}

impl Table {
    /// The row and lane of a number.
    #[inline(always)]
    fn place(&self, vector: usize, axis: usize, point: usize, long: bool) -> (usize, usize) {
        let start = vector * self.rows;
        if long { (start + axis / LANES, axis % LANES) } else { (start + axis, point) }
    }

    /// Returns by what the vectors of each point are multiplied: a power of two, so that no digit changes; NaN where a
    /// number or a difference is not finite.
    fn load<S: Real>(&mut self, members: &[S], target: &[f64], dim: usize, long: bool) -> Row {
        let mut scales = [1.0; LANES];
        let size = self.count * dim;
        for (point, target) in target.chunks_exact(dim).enumerate() {
            let members = &members[point * size..][..size];
            let (mut most, mut nothing) = (0.0_f64, 0.0);
            for member in members.chunks_exact(dim) {
                for (&member, &target) in member.iter().zip(target) {
                    let gap = (member.into() - target).abs();
                    most = if gap > most { gap } else { most };
                    nothing += gap * 0.0;
                }
            }
            let scale = nothing
                + if most == 0.0 || (1.0 / IN_RANGE..=IN_RANGE).contains(&most) {
                    1.0
                } else {
                    near_one_over(most)
                };
            for (vector, member) in members.chunks_exact(dim).enumerate() {
                for (axis, &number) in member.iter().enumerate() {
                    let (row, lane) = self.place(vector, axis, point, long);
                    self.vectors[row][lane] = number.into() * scale;
                }
            }
            for (axis, &number) in target.iter().enumerate() {
                let (row, lane) = self.place(self.count, axis, point, long);
                self.vectors[row][lane] = number * scale;
            }
            scales[point] = scale;
        }
        scales
    }

    fn store<S: Real>(&self, members: &mut [S], target: &mut [S], dim: usize, long: bool, factors: &Row) {
        let size = self.count * dim;
        for (point, target) in target.chunks_exact_mut(dim).enumerate() {
            let members = &mut members[point * size..][..size];
            for (vector, out) in members.chunks_exact_mut(dim).chain([target]).enumerate() {
                for (axis, out) in out.iter_mut().enumerate() {
                    let (row, lane) = self.place(vector, axis, point, long);
                    *out = S::narrow(self.slopes[row][lane] * factors[point]);
                }
            }
        }
    }
}

/// A power of two that brings a finite number above 0 near 1, and is finite itself.
fn near_one_over(number: f64) -> f64 {
    (-number.log2().floor().clamp(-1000.0, 1000.0)).exp2()
}

/// The scores of the vectors of a table; `LONG` where all lanes are of one point.
struct Scores<'a, N, const LONG: bool> {
    norm: N,
    beta: f64,
    alpha: f64,
    table: &'a mut Table,
    differentiated: bool,
}

impl<N: Norm, const LONG: bool> Work for Scores<'_, N, LONG> {
    type Output = Row;

    #[inline(always)]
    fn run(self) -> Row {
        let Self { norm, beta, alpha, table, differentiated } = self;
        let (count, rows) = (table.count, table.rows);
        let vectors = &table.vectors;
        let members = count as f64;
        let of_pair =
            if count == 1 { 0.0 } else { -(members - 1.0 + alpha) / (members * members * (members - 1.0)) };
        if differentiated {
            table.slopes.clear();
            table.slopes.resize((count + 1) * rows, [0.0; LANES]);
        }
        let mut scores = [0.0; LANES];
        for upper in 0..count {
            let (start, mut pairs) = (upper * rows, [0.0; LANES]);
            for lower in upper + 1..=count {
                let skill = lower == count;
                let a = &vectors[start..start + rows];
                let b = &vectors[lower * rows..][..rows];
                let gathered = norm.gather(a, b);
                let (mut lengths, mut powers) = ([0.0; LANES], [0.0; LANES]);
                if LONG {
                    let length = norm.length(norm.join(&gathered));
                    lengths = [length; LANES];
                    powers = [if beta == 1.0 { length } else { length.powf(beta) }; LANES];
                } else {
                    for lane in 0..LANES {
                        lengths[lane] = norm.length(gathered[lane]);
                    }
                    if beta == 1.0 {
                        powers = lengths;
                    } else {
                        for lane in 0..LANES {
                            powers[lane] = lengths[lane].powf(beta);
                        }
                    }
                }
                let factor = if skill { 1.0 / members } else { of_pair };
                for lane in 0..LANES {
                    pairs[lane] += factor * powers[lane];
                }
                if differentiated {
                    let (mut inverses, mut factors) = ([0.0; LANES], [0.0; LANES]);
                    for lane in 0..LANES {
                        inverses[lane] = if lengths[lane] > NO_LENGTH { 1.0 / lengths[lane] } else { 0.0 };
                        factors[lane] = factor * beta * (powers[lane] * inverses[lane]);
                    }
                    let (before, after) = table.slopes.split_at_mut(lower * rows);
                    let (of_a, of_b) = (&mut before[start..start + rows], &mut after[..rows]);
                    for row in 0..rows {
                        let mut gaps = [0.0; LANES];
                        for lane in 0..LANES {
                            gaps[lane] = a[row][lane] - b[row][lane];
                        }
                        let mut slopes = norm.slopes(&gaps, &lengths, &inverses);
                        for lane in 0..LANES {
                            slopes[lane] *= factors[lane];
                        }
                        for lane in 0..LANES {
                            of_a[row][lane] += slopes[lane];
                        }
                        for lane in 0..LANES {
                            of_b[row][lane] -= slopes[lane];
                        }
                    }
                }
            }
            for lane in 0..LANES {
                scores[lane] += pairs[lane];
            }
        }
        scores
    }
}
