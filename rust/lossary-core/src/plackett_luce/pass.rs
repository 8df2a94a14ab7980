//! One pass over all rankings: log-likelihood, and how often each item was expected to be chosen.

use super::exponential::{exp, ln};
use super::product::{LANES, Product};
use super::rankings::{Choices, Rankings};
use super::row::{self, NEAR, Scratch};
use crate::platform::{Work, widest};
use crate::threads;
use std::ops::Range;

/// Entries that go through the arithmetic together: their buffers stay in the first-level cache.
const CHUNK: usize = 1 << 10;

/// What the rankings say at some log-worths.
#[derive(Debug, Clone, Default)]
pub(super) struct Pass {
    pub log_likelihood: f64,
    /// Of each item, the sum of its probabilities to be chosen; the gradient is wins less this.
    pub expected: Vec<f64>,
}

fn highest(theta: &[f64]) -> f64 {
    theta.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// Worths in units of the highest; None where doubles cannot hold them and their sums.
pub(super) fn worths(theta: &[f64]) -> Option<Vec<f64>> {
    let (highest, lowest) = (highest(theta), theta.iter().copied().fold(f64::INFINITY, f64::min));
    (highest - lowest <= NEAR).then(|| theta.iter().map(|theta| exp(theta - highest)).collect())
}

impl Choices {
    pub fn pass(&self, theta: &[f64]) -> Pass {
        let worths = worths(theta);
        let threads = threads::threads_for(self.rankings.items.len());
        let parts = threads::map(self.blocks(), threads, |lists| {
            if let Some(worth) = &worths {
                widest(Near { choices: self, worth, lists })
            } else {
                widest(Far { choices: self, theta, lists })
            }
        });
        let mut all = Pass { log_likelihood: 0.0, expected: vec![0.0; self.count] };
        if worths.is_some() {
            let highest = highest(theta);
            for (wins, theta) in self.wins.iter().zip(theta) {
                all.log_likelihood += wins * (theta - highest);
            }
        }
        for part in parts {
            all.log_likelihood += part.log_likelihood;
            for (sum, own) in all.expected.iter_mut().zip(part.expected) {
                *sum += own;
            }
        }
        all
    }
}

/// Worths that one scale can hold. The log-likelihood lacks the winners' part.
struct Near<'a> {
    choices: &'a Choices,
    worth: &'a [f64],
    lists: Range<usize>,
}

impl Work for Near<'_> {
    type Output = Pass;

    #[inline(always)]
    fn run(self) -> Pass {
        let Self { choices, worth, lists } = self;
        let Choices { rankings: Rankings { items, offsets, .. }, weights, count, .. } = choices;
        let (mut expected, mut product, mut logs) = (vec![0.0; *count], Product::one(), 0.0);
        let (mut own, mut pool, mut logarithms) = (Vec::new(), Vec::new(), Vec::new());
        let mut first = lists.start;
        while first < lists.end {
            let mut last = first + 1;
            while last < lists.end && offsets[last + 1] - offsets[first] <= CHUNK {
                last += 1;
            }
            let origin = offsets[first];
            let size = offsets[last] - origin;
            // Unused places of the last lanes multiply by one.
            let room = size.next_multiple_of(LANES);
            own.resize(room, 0.0);
            pool.resize(room, 1.0);
            for slot in &mut pool[size..room] {
                *slot = 1.0;
            }
            for list in first..last {
                let (start, end) = (offsets[list], offsets[list + 1]);
                let items = &items[start..end];
                let own = &mut own[start - origin..][..items.len()];
                let pool = &mut pool[start - origin..][..items.len()];
                let mut sum = 0.0;
                for rank in (0..items.len()).rev() {
                    own[rank] = worth[items[rank] as usize];
                    sum += own[rank];
                    pool[rank] = sum;
                }
                // The last of a list has no choice.
                pool[items.len() - 1] = 1.0;
            }
            if let Some(weights) = weights {
                logarithms.resize(room, 0.0);
                for (logarithm, pool) in logarithms.iter_mut().zip(&pool) {
                    *logarithm = ln(*pool);
                }
                for list in first..last {
                    let mut sum = 0.0;
                    for logarithm in &logarithms[offsets[list] - origin..offsets[list + 1] - origin] {
                        sum += logarithm;
                    }
                    logs += weights[list] * sum;
                }
            }
            for pool in pool[..room].chunks_exact_mut(LANES) {
                let mut pools = [1.0; LANES];
                pools.copy_from_slice(pool);
                product.multiply(&pools);
                for lane in 0..LANES {
                    pool[lane] = 1.0 / pools[lane];
                }
            }
            for list in first..last {
                let (start, end) = (offsets[list], offsets[list + 1]);
                let weight = match weights {
                    Some(weights) => weights[list],
                    None => 1.0,
                };
                let items = &items[start..end];
                let own = &own[start - origin..][..items.len()];
                let inverses = &pool[start - origin..][..items.len()];
                let mut above = 0.0;
                for rank in 0..items.len() - 1 {
                    above += weight * inverses[rank];
                    expected[items[rank] as usize] += own[rank] * above;
                }
                expected[items[items.len() - 1] as usize] += own[items.len() - 1] * above;
            }
            first = last;
        }
        let logs = if weights.is_some() { logs } else { product.ln() };
        Pass { log_likelihood: -logs, expected }
    }
}

/// Worths that need a scale of their own in every list.
struct Far<'a> {
    choices: &'a Choices,
    theta: &'a [f64],
    lists: Range<usize>,
}

impl Work for Far<'_> {
    type Output = Pass;

    #[inline(always)]
    fn run(self) -> Pass {
        let Self { choices, theta, lists } = self;
        let Rankings { items, offsets, .. } = &choices.rankings;
        let mut pass = Pass { log_likelihood: 0.0, expected: vec![0.0; choices.count] };
        let (mut scores, mut slopes, mut scratch) = (Vec::new(), Vec::new(), Scratch::default());
        for list in lists {
            let items = &items[offsets[list]..offsets[list + 1]];
            scores.clear();
            for &item in items {
                scores.push(theta[item as usize]);
            }
            slopes.resize(items.len(), 0.0);
            let weight = choices.weight(list);
            pass.log_likelihood += weight * row::row(&scores, items.len(), None, &mut slopes, &mut scratch);
            let last = items.len() - 1;
            for (place, (&item, slope)) in items.iter().zip(&slopes).enumerate() {
                let won = if place == last { 0.0 } else { 1.0 };
                pass.expected[item as usize] += weight * (won - slope);
            }
        }
        pass
    }
}
