//! How often each class was predicted as each: confusion matrices of any number of batches, exactly.

mod bytes;
mod cells;

use crate::confusion::ConfusionError;
use crate::ranking::RankingError;
use crate::states::error::StateError;
use crate::states::units::unit_and_total;
use crate::states::units::{MOST_SAMPLES, Reduction, add_units, in_integer_units, in_units, rescaled};
use cells::{Cells, summed};

/// A class label. All labels of a state are of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// An integer.
    Number(i64),
    /// A string in UTF-8, surrogates included: bytes in the order of code points.
    Text(Box<[u8]>),
}

/// The counts, or the exact sums of weights, of each pair of a true and a predicted class that came.
///
/// Classes need not be known before. A pair takes 16 bytes, 32 once there are weights that are no counts.
#[derive(Debug, Clone, Default)]
pub struct Confusion {
    /// In ascending order; each has a cell, perhaps of weight zero.
    classes: Vec<Class>,
    table: Table,
    /// What all cells amount to.
    total: u128,
}

#[derive(Debug, Clone, PartialEq)]
enum Table {
    Counted(Cells<u64>),
    /// Weights in units of two to this power.
    Weighed(Cells<u128>, i32),
}

impl Default for Table {
    fn default() -> Self {
        Self::Counted(Cells::default())
    }
}

/// What the pairs of a state amount to.
#[derive(Debug, Clone, PartialEq)]
pub enum Amounts {
    /// Numbers of samples.
    Counts(Vec<u64>),
    /// Sums of weights, each rounded once.
    Weights(Vec<f64>),
}

/// The pairs of a state, in ascending order.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    /// The classes, in ascending order.
    pub classes: Vec<Class>,
    /// Place of the true class of each pair.
    pub rows: Vec<u32>,
    /// Place of the predicted class.
    pub columns: Vec<u32>,
    /// What each pair amounts to.
    pub amounts: Amounts,
}

impl Confusion {
    /// Adds so many samples of each pair of places in `classes`; a pair may come twice.
    ///
    /// # Errors
    /// [`StateError`]: slices of other lengths, a place that is none, classes of another kind than before, or too
    /// many samples; the state is unchanged.
    ///
    /// ```
    /// use lossary_core::states::confusion::{Amounts, Class, Confusion};
    /// let mut state = Confusion::default();
    /// state.count(&[Class::Number(7), Class::Number(5)], &[0, 1], &[0, 0], &[1, 2])?;
    /// state.count(&[Class::Number(5)], &[0], &[0], &[4])?;
    /// let pairs = state.pairs();
    /// assert_eq!(pairs.classes, [Class::Number(5), Class::Number(7)]);
    /// assert_eq!((pairs.rows, pairs.columns), (vec![0, 0, 1], vec![0, 1, 1]));
    /// assert_eq!(pairs.amounts, Amounts::Counts(vec![4, 2, 1]));
    /// # Ok::<(), lossary_core::states::error::StateError>(())
    /// ```
    pub fn count(
        &mut self,
        classes: &[Class],
        rows: &[u32],
        columns: &[u32],
        counts: &[u64],
    ) -> Result<(), StateError> {
        check(classes, rows, columns, counts.len())?;
        let total: u128 = counts.iter().map(|&count| u128::from(count)).sum();
        if total > MOST_SAMPLES.into() {
            return Err(StateError::TooManySamples);
        }
        let cells = summed(classes.len(), rows, columns, counts.iter().copied());
        self.merge(&Self::of(classes, Table::Counted(cells), total))
    }

    /// [`Self::count`] with a weight for each sample.
    ///
    /// # Errors
    /// As [`Self::count`], and for weights that are not finite, negative, or span too many bits.
    pub fn weigh(
        &mut self,
        classes: &[Class],
        rows: &[u32],
        columns: &[u32],
        weights: &[f64],
    ) -> Result<(), StateError> {
        check(classes, rows, columns, weights.len())?;
        if let Some(index) = weights.iter().position(|weight| !weight.is_finite()) {
            return Err(RankingError::BadWeight { index }.into());
        }
        if let Some(index) = weights.iter().position(|&weight| weight < 0.0) {
            return Err(StateError::NegativeWeight { index });
        }
        let Some((unit, total)) = unit_and_total(weights)? else {
            return self.count(classes, rows, columns, &vec![0; rows.len()]);
        };
        let amounts = weights.iter().map(|&weight| in_integer_units(weight, unit));
        let cells = summed(classes.len(), rows, columns, amounts);
        self.merge(&Self::of(classes, Table::Weighed(cells, unit), total))
    }

    /// Cells of classes in any order, some of which may have none.
    fn of(classes: &[Class], table: Table, total: u128) -> Self {
        let mut used = vec![false; classes.len()];
        match &table {
            Table::Counted(cells) => cells.mark(&mut used),
            Table::Weighed(cells, _) => cells.mark(&mut used),
        }
        let mut sorted: Vec<Class> =
            classes.iter().zip(used).filter(|(_, used)| *used).map(|(class, _)| class.clone()).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let places = places(classes, &sorted);
        let table = match table {
            Table::Counted(cells) => Table::Counted(cells.renamed(&places)),
            Table::Weighed(cells, unit) => Table::Weighed(cells.renamed(&places), unit),
        };
        Self { classes: sorted, table, total }
    }

    /// Adds the samples of another state.
    ///
    /// # Errors
    /// [`StateError::MixedLabels`], [`StateError::TooManySamples`] or [`StateError::WeightSpan`]; this state is
    /// unchanged.
    pub fn merge(&mut self, other: &Self) -> Result<(), StateError> {
        if let (Some(own), Some(others)) = (self.classes.first(), other.classes.first())
            && matches!(own, Class::Number(_)) != matches!(others, Class::Number(_))
        {
            return Err(StateError::MixedLabels);
        }
        let unit = self.unit().into_iter().chain(other.unit()).min().map(|unit| {
            let counted =
                (self.unit().is_none() && self.total > 0) || (other.unit().is_none() && other.total > 0);
            if counted { unit.min(0) } else { unit }
        });
        let total = match unit {
            None => Some(self.total + other.total)
                .filter(|&total| total <= MOST_SAMPLES.into())
                .ok_or(StateError::TooManySamples)?,
            Some(unit) => {
                let [own, others] =
                    [self, other].map(|state| rescaled(state.total, state.unit().unwrap_or(0), unit));
                add_units(own?, others?, unit)?
            }
        };
        let mut classes = [self.classes.as_slice(), &other.classes].concat();
        classes.sort_unstable();
        classes.dedup();
        if u32::try_from(classes.len()).is_err() {
            return Err(ConfusionError::TooManyClasses { classes: classes.len() }.into());
        }
        let [own_places, other_places] = [self, other].map(|state| places(&state.classes, &classes));
        self.table = match (&self.table, &other.table, unit) {
            (Table::Counted(own), Table::Counted(others), None) => {
                Table::Counted(own.clone().renamed(&own_places).with(others.clone().renamed(&other_places)))
            }
            (own, others, unit) => {
                let unit = unit.unwrap_or(0);
                let own = own.weighed(unit).renamed(&own_places);
                Table::Weighed(own.with(others.weighed(unit).renamed(&other_places)), unit)
            }
        };
        (self.classes, self.total) = (classes, total);
        Ok(())
    }

    /// The unit of the weights, where there are some.
    fn unit(&self) -> Option<i32> {
        match self.table {
            Table::Counted(_) => None,
            Table::Weighed(_, unit) => Some(unit),
        }
    }

    /// Bytes that classes and cells take.
    pub fn bytes(&self) -> usize {
        let texts =
            self.classes.iter().map(|class| if let Class::Text(text) = class { text.len() } else { 0 });
        let cells = match &self.table {
            Table::Counted(cells) => cells.bytes(),
            Table::Weighed(cells, _) => cells.bytes(),
        };
        size_of_val(self.classes.as_slice()) + texts.sum::<usize>() + cells
    }

    /// All pairs that came, with what they amount to.
    pub fn pairs(&self) -> Pairs {
        let ((rows, columns), amounts) = match self.table.canonical() {
            Table::Counted(cells) => (cells.places(), Amounts::Counts(cells.amounts().collect())),
            Table::Weighed(cells, unit) => {
                let weights = cells.amounts().map(|amount| in_units(amount as f64, unit));
                (cells.places(), Amounts::Weights(weights.collect()))
            }
        };
        Pairs { classes: self.classes.clone(), rows, columns, amounts }
    }
}

/// Equal classes and equal samples: the cut into batches does not matter, and a weight of 2 is two samples.
impl PartialEq for Confusion {
    fn eq(&self, other: &Self) -> bool {
        self.classes == other.classes && self.table.canonical() == other.table.canonical()
    }
}

impl Table {
    /// In units of `2^unit`, in which the total must fit.
    fn weighed(&self, unit: i32) -> Cells<u128> {
        match self {
            Self::Weighed(cells, own) => cells.map(|amount| amount << (own - unit)),
            // Any unit will do where all counts are zero.
            Self::Counted(cells) => {
                cells.map(|count| if count == 0 { 0 } else { u128::from(count) << -unit })
            }
        }
    }

    /// In the smallest form: equal for equal samples.
    fn canonical(&self) -> Self {
        let Self::Weighed(cells, unit) = self else {
            return self.clone();
        };
        let reduction = Reduction::of(cells.amounts(), *unit);
        match reduction.up {
            None => Self::Weighed(cells.map(|amount| amount >> reduction.zeros), reduction.unit),
            Some(up) => Self::Counted(cells.map(|amount| ((amount >> reduction.zeros) << up) as u64)),
        }
    }
}

/// Where each class stands among the sorted ones; 0 for one that is not there.
fn places(classes: &[Class], sorted: &[Class]) -> Vec<u32> {
    classes.iter().map(|class| sorted.binary_search(class).map_or(0, |place| place as u32)).collect()
}

fn check(classes: &[Class], rows: &[u32], columns: &[u32], amounts: usize) -> Result<(), StateError> {
    for other in [columns.len(), amounts] {
        if other != rows.len() {
            return Err(ConfusionError::LengthMismatch { actual: rows.len(), other }.into());
        }
    }
    if rows.iter().chain(columns).any(|&place| place as usize >= classes.len()) {
        return Err(ConfusionError::LabelOutside { classes: classes.len() }.into());
    }
    let numbers = classes.iter().filter(|class| matches!(class, Class::Number(_))).count();
    if numbers == 0 || numbers == classes.len() { Ok(()) } else { Err(StateError::MixedLabels) }
}
