//! The members of several points side by side, sorted and summed up in lanes.

use super::sorting::{Exchange, sort_columns, sort_columns_with};
use super::{Ensembles, Real};
use crate::platform::Work;

/// Points that follow each other, and where what is found of them goes.
pub(super) struct Part<'a, S> {
    pub first: usize,
    pub values: &'a mut [f64],
    /// Of the members, and of what happened.
    pub slopes: Option<(&'a mut [S], &'a mut [S])>,
}

/// Memory for a point in each lane: a row for each member.
pub(super) struct Table<S, const LANES: usize> {
    members: usize,
    keys: Vec<[S; LANES]>,
    /// Which members the keys are.
    places: Vec<[u32; LANES]>,
    /// Of the keys; adds up to 1.
    shares: Vec<[f64; LANES]>,
    /// Weight of the keys before.
    below: Vec<[f64; LANES]>,
    /// Weight of the keys after.
    above: Vec<[f64; LANES]>,
    pairs: Vec<(S, u32)>,
}

/// What a group of points adds up to.
struct Sums<const LANES: usize> {
    /// Of weights.
    total: f64,
    /// Of weighted distances from what happened.
    skill: [f64; LANES],
    /// Of what pairs are apart, times both weights.
    spread: [f64; LANES],
    /// Of the products of the weights of all pairs, in both orders.
    others: [f64; LANES],
}

impl<S: Real, const LANES: usize> Work
    for (&mut Table<S, LANES>, &Ensembles<'_, S>, &[Exchange], Part<'_, S>)
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (table, given, network, Part { first, values, mut slopes }) = self;
        let count = table.members;
        for (group, values) in values.chunks_mut(LANES).enumerate() {
            let (start, points) = (group * LANES, values.len());
            let rows = &given.members[(first + start) * count..(first + start + points) * count];
            let target = &given.target[first + start..first + start + points];
            let mut truth = [target[points - 1]; LANES];
            truth[..points].copy_from_slice(target);
            table.load(rows);
            let sums = match given.weights {
                None if slopes.is_none() => {
                    let skill = table.distances(&truth);
                    table.sort(network);
                    table.sums(skill)
                }
                None => {
                    let skill = table.distances(&truth);
                    table.sort_places(network);
                    table.sums(skill)
                }
                Some(weights) => {
                    table.sort_places(network);
                    let one_for_all = weights.len() == count;
                    table.gather_shares(if one_for_all {
                        weights
                    } else {
                        &weights[(first + start) * count..(first + start + points) * count]
                    });
                    table.weighted_sums(&truth)
                }
            };
            for (lane, value) in values.iter_mut().enumerate() {
                *value = sums.score(given.alpha, lane);
            }
            if let Some((members, target)) = &mut slopes {
                let members = &mut members[start * count..(start + points) * count];
                let target = &mut target[start..start + points];
                if given.weights.is_some() {
                    table.slopes::<true>(&sums, &truth, given.alpha, members, target);
                } else {
                    table.slopes::<false>(&sums, &truth, given.alpha, members, target);
                }
            }
        }
    }
}

impl<const LANES: usize> Sums<LANES> {
    #[inline(always)]
    fn score(&self, alpha: f64, lane: usize) -> f64 {
        // A quotient of two sums that may both be tiny, as where one member has nearly all the weight.
        let fair = if self.others[lane] > 0.0 { self.spread[lane] / self.others[lane] } else { 0.0 };
        let as_it_is = self.spread[lane] / (self.total * self.total);
        self.skill[lane] / self.total - ((1.0 - alpha) * as_it_is + alpha * fair)
    }
}

impl<S: Real, const LANES: usize> Table<S, LANES> {
    pub(super) fn new(members: usize) -> Self {
        Self {
            members,
            keys: vec![[S::default(); LANES]; members],
            places: Vec::new(),
            shares: Vec::new(),
            below: Vec::new(),
            above: Vec::new(),
            pairs: Vec::new(),
        }
    }

    /// One point to a lane; the last fills the lanes that are left.
    #[inline(always)]
    fn load(&mut self, rows: &[S]) {
        let count = self.members;
        let last = rows.len() / count - 1;
        for lane in 0..LANES {
            let row = &rows[lane.min(last) * count..][..count];
            for (keys, &member) in self.keys.iter_mut().zip(row) {
                keys[lane] = member;
            }
        }
    }

    #[inline(always)]
    fn distances(&self, truth: &[f64; LANES]) -> [f64; LANES] {
        let mut skill = [0.0; LANES];
        for keys in &self.keys {
            for lane in 0..LANES {
                skill[lane] += (keys[lane].into() - truth[lane]).abs();
            }
        }
        skill
    }

    #[inline(always)]
    fn sort(&mut self, network: &[Exchange]) {
        if LANES == 1 {
            self.keys.sort_unstable_by(|a, b| a[0].order(&b[0]));
        } else {
            sort_columns(&mut self.keys, network);
        }
    }

    #[inline(always)]
    fn sort_places(&mut self, network: &[Exchange]) {
        self.places.clear();
        self.places.extend((0..self.members).map(|member| [member as u32; LANES]));
        if LANES == 1 {
            self.pairs.clear();
            self.pairs.extend(self.keys.iter().zip(0..).map(|(key, place)| (key[0], place)));
            self.pairs.sort_unstable_by(|a, b| a.0.order(&b.0).then(a.1.cmp(&b.1)));
            for ((keys, places), &(key, place)) in self.keys.iter_mut().zip(&mut self.places).zip(&self.pairs)
            {
                (*keys, *places) = ([key; LANES], [place; LANES]);
            }
        } else {
            sort_columns_with(&mut self.keys, &mut self.places, network);
        }
    }

    /// Of weights of 1: the members before and after a gap count.
    #[inline(always)]
    fn sums(&self, skill: [f64; LANES]) -> Sums<LANES> {
        let count = self.members;
        let mut spread = [0.0; LANES];
        for (rank, low) in self.keys[..count / 2].iter().enumerate() {
            let high = &self.keys[count - 1 - rank];
            let weight = (count - 1 - 2 * rank) as f64;
            for lane in 0..LANES {
                spread[lane] += weight * (high[lane].into() - low[lane].into());
            }
        }
        let total = count as f64;
        Sums { total, skill, spread, others: [total * (total - 1.0); LANES] }
    }

    /// The shares of the sorted keys, and sums of those before and after without the key itself, which a
    /// subtraction would not leave exact.
    #[inline(always)]
    fn gather_shares(&mut self, weights: &[f64]) {
        /// Sums of weights near the largest number stay finite.
        const SCALE: f64 = 1.0 / 18_446_744_073_709_551_616.0;
        let count = self.members;
        for sums in [&mut self.shares, &mut self.below, &mut self.above] {
            sums.resize(count, [0.0; LANES]);
        }
        let last = weights.len() / count - 1;
        for lane in 0..LANES {
            let own = &weights[lane.min(last) * count..][..count];
            let mut total: f64 = own.iter().sum();
            let scale = if total < f64::INFINITY { 1.0 } else { SCALE };
            if scale < 1.0 {
                total = own.iter().map(|weight| weight * scale).sum();
            }
            for (shares, places) in self.shares.iter_mut().zip(&self.places) {
                shares[lane] = own[places[lane] as usize] * scale / total;
            }
        }
        let mut sum = [0.0; LANES];
        for (below, shares) in self.below.iter_mut().zip(&self.shares) {
            *below = sum;
            for lane in 0..LANES {
                sum[lane] += shares[lane];
            }
        }
        let mut sum = [0.0; LANES];
        for (above, shares) in self.above.iter_mut().zip(&self.shares).rev() {
            *above = sum;
            for lane in 0..LANES {
                sum[lane] += shares[lane];
            }
        }
    }

    #[inline(always)]
    fn weighted_sums(&self, truth: &[f64; LANES]) -> Sums<LANES> {
        let (mut skill, mut spread, mut others) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for (row, keys) in self.keys.iter().enumerate() {
            let (shares, below) = (&self.shares[row], &self.below[row]);
            for lane in 0..LANES {
                skill[lane] += shares[lane] * (keys[lane].into() - truth[lane]).abs();
                // 1 - sum w^2 without a difference, which would be 0 where one member has nearly all the weight
                others[lane] += 2.0 * (shares[lane] * below[lane]);
            }
            if let Some(next) = self.keys.get(row + 1) {
                let (before, after) = (&self.below[row + 1], &self.above[row]);
                for lane in 0..LANES {
                    let apart: f64 = next[lane].into() - keys[lane].into();
                    spread[lane] += before[lane] * after[lane] * apart;
                }
            }
        }
        Sums { total: 1.0, skill, spread, others }
    }

    /// Of the sorted keys, to the places of the members.
    #[inline(always)]
    fn slopes<const WEIGHTED: bool>(
        &mut self,
        sums: &Sums<LANES>,
        truth: &[f64; LANES],
        alpha: f64,
        members: &mut [S],
        target: &mut [S],
    ) {
        let count = self.members;
        // Members that tie have the weight before and after the whole tie.
        self.below.resize(count, [0.0; LANES]);
        let (mut under, mut previous) = ([0.0; LANES], [f64::NAN; LANES]);
        for (row, keys) in self.keys.iter().enumerate() {
            let before = if WEIGHTED { self.below[row] } else { [row as f64; LANES] };
            let keys = widened(keys);
            for lane in 0..LANES {
                under[lane] = if keys[lane] == previous[lane] { under[lane] } else { before[lane] };
            }
            (self.below[row], previous) = (under, keys);
        }
        let (mut over, mut previous) = ([0.0; LANES], [f64::NAN; LANES]);
        let (mut towards, mut slopes) = ([0.0; LANES], [0.0; LANES]);
        let pull_of_share = 1.0 / sums.total;
        let fair = if WEIGHTED || count == 1 { 0.0 } else { alpha / sums.others[0] };
        let push_of_share = (1.0 - alpha) * pull_of_share * pull_of_share + fair;
        for row in (0..count).rev() {
            let (shares, after) = if WEIGHTED {
                (self.shares[row], self.above[row])
            } else {
                ([1.0; LANES], [(count - 1 - row) as f64; LANES])
            };
            let (keys, under) = (widened(&self.keys[row]), &self.below[row]);
            for lane in 0..LANES {
                over[lane] = if keys[lane] == previous[lane] { over[lane] } else { after[lane] };
            }
            for lane in 0..LANES {
                let side = if keys[lane] > truth[lane] { shares[lane] } else { 0.0 };
                let side = if keys[lane] < truth[lane] { -shares[lane] } else { side };
                towards[lane] += side;
                slopes[lane] = pull_of_share * side;
            }
            for lane in 0..LANES {
                let push = shares[lane] * (under[lane] - over[lane]);
                slopes[lane] -= push_of_share * push;
                if WEIGHTED {
                    let others = sums.others[lane];
                    slopes[lane] -= alpha * if others > 0.0 { push / others } else { 0.0 };
                }
            }
            for (lane, slopes_of_point) in members.chunks_exact_mut(count).enumerate() {
                slopes_of_point[self.places[row][lane] as usize] = S::narrow(slopes[lane]);
            }
            previous = keys;
        }
        for (lane, (target, members)) in target.iter_mut().zip(members.chunks_exact_mut(count)).enumerate() {
            *target = S::narrow(-towards[lane] / sums.total);
            if sums.skill[lane].is_nan() {
                *target = S::narrow(f64::NAN);
                members.fill(*target);
            }
        }
    }
}

// Not `array::map`: the library is not compiled for wide registers.
#[inline(always)]
fn widened<S: Real, const LANES: usize>(numbers: &[S; LANES]) -> [f64; LANES] {
    let mut wide = [0.0; LANES];
    for lane in 0..LANES {
        wide[lane] = numbers[lane].into();
    }
    wide
}
