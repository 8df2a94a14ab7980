//! Every pair of a winner and one that was left, with the probabilities of the choice.

use super::exponential::exp;
use super::rankings::Choices;
use super::row::NEAR;

/// Shares of the pools of one list.
#[derive(Default)]
struct Shares {
    /// `exp(theta - highest)` where the log-worths of the list are near each other, else the log-worths.
    worths: Vec<f64>,
    /// Sums over what is left from each rank on: of the worths, or their logarithms.
    pools: Vec<f64>,
    near: bool,
}

impl Shares {
    fn fill(&mut self, theta: &[f64], items: &[u32]) {
        self.worths.clear();
        self.worths.extend(items.iter().map(|&item| theta[item as usize]));
        let highest = self.worths.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let lowest = self.worths.iter().copied().fold(f64::INFINITY, f64::min);
        self.near = highest - lowest <= NEAR;
        self.pools.clear();
        self.pools.resize(items.len(), 0.0);
        let mut sum = if self.near { 0.0 } else { f64::NEG_INFINITY };
        for (worth, pool) in self.worths.iter_mut().zip(&mut self.pools).rev() {
            if self.near {
                *worth = exp(*worth - highest);
                sum += *worth;
            } else {
                let (low, high) = if sum < *worth { (sum, *worth) } else { (*worth, sum) };
                sum = high + (low - high).exp().ln_1p();
            }
            *pool = sum;
        }
    }

    /// The probability of a rank in its own pool.
    fn own(&self, rank: usize) -> f64 {
        if self.near {
            self.worths[rank] / self.pools[rank]
        } else {
            (self.worths[rank] - self.pools[rank]).exp()
        }
    }

    /// How much smaller the pool of a rank is than that of the one before.
    fn shrinkage(&self, rank: usize) -> f64 {
        if self.near {
            self.pools[rank] / self.pools[rank - 1]
        } else {
            (self.pools[rank] - self.pools[rank - 1]).exp()
        }
    }
}

impl Choices {
    /// How many pairs [`Choices::for_each_pair`] visits.
    pub fn pairs(&self) -> f64 {
        self.rankings.lists().map(|list| list.len() as f64 * (list.len() - 1) as f64 / 2.0).sum()
    }

    /// Calls `visit` with each winner and each item that was left when it won: their numbers under `places`, the
    /// probability of the other one in that choice times the weight of the list, and what that must be multiplied by
    /// for minus the second derivative of the likelihood of this and all earlier choices of the list.
    #[inline(always)]
    pub fn for_each_pair(
        &self,
        theta: &[f64],
        places: &[u32],
        mut visit: impl FnMut(usize, usize, f64, f64),
    ) {
        let (mut shares, mut own) = (Shares::default(), Vec::new());
        for (list, items) in self.rankings.lists().enumerate() {
            let weight = self.weight(list);
            shares.fill(theta, items);
            own.clear();
            own.extend(items.iter().map(|&item| places[item as usize] as usize));
            // The sum over choices so far of the squares of their pools' inverses, in units of the latest.
            let mut squares = 0.0;
            for winner in 0..items.len() - 1 {
                if winner > 0 {
                    squares *= shares.shrinkage(winner).powi(2);
                }
                squares += 1.0;
                let curvature = shares.own(winner) * squares;
                if shares.near {
                    let inverse = weight / shares.pools[winner];
                    for (&other, worth) in own[winner + 1..].iter().zip(&shares.worths[winner + 1..]) {
                        visit(own[winner], other, worth * inverse, curvature);
                    }
                } else {
                    for (&other, worth) in own[winner + 1..].iter().zip(&shares.worths[winner + 1..]) {
                        visit(own[winner], other, weight * (worth - shares.pools[winner]).exp(), curvature);
                    }
                }
            }
        }
    }
}
