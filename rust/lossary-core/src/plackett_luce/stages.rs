//! Every pair of a winner and one that was left, with the probabilities of the choice.

use super::rankings::Choices;

/// Shares of the pools of one list.
#[derive(Default)]
struct Shares {
    /// Worths, or their logarithms where one scale cannot hold them.
    worths: Vec<f64>,
    /// Sums over what is left from each rank on: of the worths, or the logarithms of those.
    pools: Vec<f64>,
}

impl Shares {
    #[inline(always)]
    fn fill(&mut self, numbers: &[f64], items: &[u32], near: bool) {
        self.worths.clear();
        self.worths.extend(items.iter().map(|&item| numbers[item as usize]));
        self.pools.clear();
        self.pools.resize(items.len(), 0.0);
        let mut sum = if near { 0.0 } else { f64::NEG_INFINITY };
        for (&worth, pool) in self.worths.iter().zip(&mut self.pools).rev() {
            if near {
                sum += worth;
            } else {
                let (low, high) = if sum < worth { (sum, worth) } else { (worth, sum) };
                sum = high + (low - high).exp().ln_1p();
            }
            *pool = sum;
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
        let worths = super::pass::worths(theta);
        let (numbers, near) = worths.as_ref().map_or((theta, false), |worths| (worths.as_slice(), true));
        let ratio = |a: f64, b: f64| if near { a / b } else { (a - b).exp() };
        let (mut shares, mut own) = (Shares::default(), Vec::new());
        for (list, items) in self.rankings.lists().enumerate() {
            let weight = self.weight(list);
            shares.fill(numbers, items, near);
            let Shares { worths, pools } = &shares;
            own.clear();
            own.extend(items.iter().map(|&item| places[item as usize] as usize));
            // The sum over choices so far of the squares of their pools' inverses, in units of the latest.
            let mut squares = 0.0;
            for winner in 0..items.len() - 1 {
                let pool = pools[winner];
                if winner > 0 {
                    squares *= ratio(pool, pools[winner - 1]).powi(2);
                }
                squares += 1.0;
                let curvature = ratio(worths[winner], pool) * squares;
                let others = own[winner + 1..].iter().zip(&worths[winner + 1..]);
                if near {
                    let inverse = weight / pool;
                    for (&other, worth) in others {
                        visit(own[winner], other, worth * inverse, curvature);
                    }
                } else {
                    for (&other, worth) in others {
                        visit(own[winner], other, weight * (worth - pool).exp(), curvature);
                    }
                }
            }
        }
    }
}
