//! Sorted runs that merge when they are of similar length, so that n samples are moved O(log n) times.

use crate::states::amount::Amount;
use crate::states::tally::Tally;
use crate::threads;
use std::ops::Add;
use std::sync::Arc;

/// Tallies in ascending runs, each more than twice as long as the next; a run holds a place once.
///
/// Runs never change and are shared between copies, so a copy costs nothing.
#[derive(Debug, Clone)]
pub(crate) struct Runs<T: Tally> {
    runs: Vec<Arc<Vec<T>>>,
    totals: Totals<T::Amount>,
}

/// What all samples of each class amount to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals<A> {
    pub(crate) negatives: A,
    pub(crate) positives: A,
}

impl<A: Amount> Add for Totals<A> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { negatives: self.negatives + other.negatives, positives: self.positives + other.positives }
    }
}

impl<A: Amount> Totals<A> {
    pub(crate) fn all(self) -> A {
        self.negatives + self.positives
    }
}

impl<T: Tally> Default for Runs<T> {
    fn default() -> Self {
        Self { runs: Vec::new(), totals: Totals::default() }
    }
}

impl<T: Tally> Runs<T> {
    /// One run; its places must ascend, and the sum of its amounts fit.
    pub(crate) fn of(run: Vec<T>) -> Self {
        let mut totals = Totals::default();
        for tally in &run {
            if tally.positive() {
                totals.positives = totals.positives + tally.amount();
            } else {
                totals.negatives = totals.negatives + tally.amount();
            }
        }
        Self { runs: if run.is_empty() { Vec::new() } else { vec![Arc::new(run)] }, totals }
    }

    pub(crate) fn totals(&self) -> Totals<T::Amount> {
        self.totals
    }

    /// Bytes of all runs.
    pub(crate) fn bytes(&self) -> usize {
        self.runs.iter().map(|run| run.capacity() * size_of::<T>()).sum()
    }

    /// Adds the other's runs. The sum of the totals must fit.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.totals = self.totals + other.totals;
        for run in &other.runs {
            self.push(Arc::clone(run));
        }
    }

    fn push(&mut self, mut run: Arc<Vec<T>>) {
        loop {
            let keep = self.runs.partition_point(|other| other.len() > 2 * run.len());
            // Shorter ones meet among themselves first: together they are not much longer than this one.
            let short =
                self.runs.drain(keep..).rev().reduce(|so_far, longer| Arc::new(join(&longer, &so_far)));
            match short {
                None => break,
                Some(short) => run = Arc::new(join(&short, &run)),
            }
        }
        self.runs.push(run);
    }

    /// Merges all runs into one, for readers.
    pub(crate) fn settle(&mut self) {
        let whole = self.runs.drain(..).rev().reduce(|so_far, longer| Arc::new(join(&longer, &so_far)));
        self.runs.extend(whole);
    }

    /// The same with one run.
    pub(crate) fn into_settled(mut self) -> Self {
        self.settle();
        self
    }

    /// All tallies as one run.
    pub(crate) fn settled(&self) -> Arc<Vec<T>> {
        self.clone().into_settled().runs.pop().unwrap_or_default()
    }

    /// The same samples in another form; `convert` must keep the order.
    pub(crate) fn map<U: Tally>(&self, convert: impl Fn(T) -> U) -> Runs<U> {
        let mut mapped = Runs::default();
        for run in &self.runs {
            mapped.merge(&Runs::of(run.iter().map(|&tally| convert(tally)).collect()));
        }
        mapped
    }
}

/// Merges two runs, in parallel where they are long.
fn join<T: Tally>(one: &[T], other: &[T]) -> Vec<T> {
    let (first, second) = if one.len() < other.len() { (other, one) } else { (one, other) };
    let threads = threads::threads_for(first.len() + second.len());
    if threads == 1 {
        return join_part((first, second));
    }
    let mut jobs = Vec::with_capacity(threads);
    let mut rest = second;
    let parts = threads::parts(first.len(), threads);
    for part in &parts {
        let here = match first.get(part.end) {
            Some(next) => rest.partition_point(|tally| tally.place() < next.place()),
            None => rest.len(),
        };
        let (own, after) = rest.split_at(here);
        rest = after;
        jobs.push((&first[part.clone()], own));
    }
    threads::map(jobs, threads, join_part).concat()
}

fn join_part<T: Tally>((first, second): (&[T], &[T])) -> Vec<T> {
    let mut joined = Vec::with_capacity(first.len() + second.len());
    let (mut left, mut right) = (0, 0);
    while let (Some(&one), Some(&other)) = (first.get(left), second.get(right)) {
        let (here, there) = (one.place(), other.place());
        if here == there {
            joined.push(one.plus(other));
            left += 1;
            right += 1;
        } else {
            // Selected, not branched on: which side is next cannot be predicted.
            let is_left = here < there;
            joined.push(if is_left { one } else { other });
            left += usize::from(is_left);
            right += usize::from(!is_left);
        }
    }
    joined.extend_from_slice(&first[left..]);
    joined.extend_from_slice(&second[right..]);
    joined.shrink_to_fit();
    joined
}
