//! The table of a bounded state: counts, or sums of weights, of the two classes in each bin.

use crate::states::amount::Amount;
use crate::states::error::StateError;
use crate::states::reading::Group;
use crate::states::runs::Totals;
use crate::states::units::{MOST_SAMPLES, Reduction, add_units, in_integer_units, rescaled};
use crate::threads;
use std::ops::Range;

/// A table, and what all its samples amount to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bins {
    table: Table,
    total: u128,
}

/// Negatives and positives of each bin, or of none where there are no samples.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Table {
    Counted(Vec<[u64; 2]>),
    /// Weights in units of two to this power.
    Weighed(Vec<[u128; 2]>, i32),
}

impl Default for Table {
    fn default() -> Self {
        Self::Counted(Vec::new())
    }
}

impl Bins {
    /// The total must be that of the table.
    pub(crate) fn of(table: Table, total: u128) -> Self {
        if total == 0 { Self::default() } else { Self { table, total } }
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    pub(crate) fn bytes(&self) -> usize {
        match &self.table {
            Table::Counted(bins) => size_of_val(bins.as_slice()),
            Table::Weighed(bins, _) => size_of_val(bins.as_slice()),
        }
    }

    /// Counts so many samples, whose bins and classes `places` gives by range.
    pub(crate) fn count<I: Iterator<Item = (usize, usize)>>(
        &mut self,
        bins: usize,
        samples: usize,
        places: impl Fn(Range<usize>) -> I + Sync,
    ) -> Result<(), StateError> {
        self.make_room(bins, None, samples as u128)?;
        match &mut self.table {
            Table::Counted(bins) => count(bins, samples, places),
            Table::Weighed(bins, unit) => add(bins, places(0..samples).map(|place| (place, 1 << -*unit))),
        }
        Ok(())
    }

    /// Adds weights of the given unit and total to bins and classes.
    pub(crate) fn weigh<'a>(
        &mut self,
        bins: usize,
        (unit, total): (i32, u128),
        samples: impl Iterator<Item = ((usize, usize), &'a f64)>,
    ) -> Result<(), StateError> {
        self.make_room(bins, Some(unit), total)?;
        if let Table::Weighed(bins, unit) = &mut self.table {
            add(bins, samples.map(|(place, &weight)| (place, in_integer_units(weight, *unit))));
        }
        Ok(())
    }

    /// Adds the samples of another table of as many bins.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), StateError> {
        let (unit, bins) = match &other.table {
            Table::Counted(bins) => (None, bins.len()),
            Table::Weighed(bins, unit) => (Some(*unit), bins.len()),
        };
        self.make_room(bins, unit, other.total)?;
        match (&mut self.table, &other.table) {
            (Table::Counted(own), Table::Counted(bins)) => add_bins(own, bins.iter().copied()),
            (Table::Weighed(own, unit), Table::Counted(bins)) => {
                add_bins(own, bins.iter().map(|bin| bin.map(|count| u128::from(count) << -*unit)));
            }
            (Table::Weighed(own, unit), Table::Weighed(bins, from)) => {
                add_bins(own, bins.iter().map(|bin| bin.map(|amount| amount << (from - *unit))));
            }
            (Table::Counted(_), Table::Weighed(..)) => {} // there is room for weights, unless there are none
        }
        Ok(())
    }

    /// Brings the table to a form that also holds this total, in units or of counts, and adds the total.
    fn make_room(&mut self, bins: usize, unit: Option<i32>, total: u128) -> Result<(), StateError> {
        if total == 0 {
            return Ok(());
        }
        let own = match self.table {
            _ if self.total == 0 => unit,
            Table::Counted(_) => None,
            Table::Weighed(_, unit) => Some(unit),
        };
        if own.is_none() && unit.is_none() {
            let sum = self.total + total;
            if sum > MOST_SAMPLES.into() {
                return Err(StateError::TooManySamples);
            }
            if self.total == 0 {
                self.table = Table::Counted(vec![[0; 2]; bins]);
            }
            self.total = sum;
            return Ok(());
        }
        let common = own.unwrap_or(0).min(unit.unwrap_or(0));
        let own_total = rescaled(self.total, own.unwrap_or(0), common)?;
        self.total = add_units(own_total, rescaled(total, unit.unwrap_or(0), common)?, common)?;
        let up = own.unwrap_or(0) - common;
        let table = match std::mem::take(&mut self.table) {
            Table::Counted(counts) if counts.is_empty() => vec![[0; 2]; bins],
            Table::Counted(counts) => {
                counts.into_iter().map(|bin| bin.map(|count| u128::from(count) << up)).collect()
            }
            Table::Weighed(bins, _) if up == 0 => bins,
            Table::Weighed(bins, _) => bins.into_iter().map(|bin| bin.map(|amount| amount << up)).collect(),
        };
        self.table = Table::Weighed(table, common);
        Ok(())
    }

    /// The table in the smallest form: equal for equal samples.
    pub(crate) fn canonical(&self) -> Table {
        let Table::Weighed(bins, unit) = &self.table else {
            return self.table.clone();
        };
        let reduction = Reduction::of(bins.as_flattened().iter().copied(), *unit);
        let lowered = |amount: u128| amount >> reduction.zeros;
        match reduction.up {
            None => Table::Weighed(bins.iter().map(|bin| bin.map(lowered)).collect(), reduction.unit),
            Some(up) => {
                let count = |amount| (lowered(amount) << up) as u64;
                Table::Counted(bins.iter().map(|bin| bin.map(count)).collect())
            }
        }
    }
}

fn add<A: Amount>(bins: &mut [[A; 2]], samples: impl Iterator<Item = ((usize, usize), A)>) {
    for ((bin, class), amount) in samples {
        bins[bin][class] = bins[bin][class] + amount;
    }
}

fn add_bins<A: Amount>(own: &mut [[A; 2]], bins: impl Iterator<Item = [A; 2]>) {
    for (own, [negatives, positives]) in own.iter_mut().zip(bins) {
        *own = [own[0] + negatives, own[1] + positives];
    }
}

/// Counts samples, in parallel where that is worth tables of their own.
fn count<I: Iterator<Item = (usize, usize)>>(
    bins: &mut [[u64; 2]],
    samples: usize,
    places: impl Fn(Range<usize>) -> I + Sync,
) {
    let ones = |part| places(part).map(|place| (place, 1));
    let threads = threads::threads_for(samples);
    if threads == 1 || samples < 4 * bins.len() {
        return add(bins, ones(0..samples));
    }
    let tables = threads::map(threads::parts(samples, threads), threads, |part| {
        let mut table = vec![[0; 2]; bins.len()];
        add(&mut table, ones(part));
        table
    });
    for table in tables {
        add_bins(bins, table.into_iter());
    }
}

pub(crate) fn totals<A: Amount>(bins: &[[A; 2]]) -> Totals<A> {
    bins.iter().fold(Totals::default(), |sum, &bin| sum + samples(bin))
}

fn samples<A: Amount>([negatives, positives]: [A; 2]) -> Totals<A> {
    Totals { negatives, positives }
}

/// The bins that hold samples, highest first; the threshold is the number of the bin.
pub(crate) fn groups<A: Amount>(bins: &[[A; 2]]) -> impl Iterator<Item = Group<A>> {
    let occupied = bins.iter().enumerate().filter(|(_, bin)| **bin != [A::default(); 2]).rev();
    occupied.map(|(index, &bin)| Group { threshold: index as f64, samples: samples(bin) })
}
