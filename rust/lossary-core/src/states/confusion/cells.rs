//! The cells of a confusion matrix that are not empty, in order.

use crate::states::amount::Amount;
use std::collections::HashMap;

/// A row, a column and what came there.
type Cell<A> = (u32, u32, A);

/// Each place once, in ascending order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Cells<A>(Vec<Cell<A>>);

/// The sum of the amounts of each pair of places, which are below `classes`.
pub(super) fn summed<A: Amount>(
    classes: usize,
    rows: &[u32],
    columns: &[u32],
    amounts: impl Iterator<Item = A>,
) -> Cells<A> {
    let samples = rows.iter().zip(columns).zip(amounts);
    let size = classes.saturating_mul(classes);
    if size <= 4 * rows.len() + (1 << 8) {
        let mut table = vec![None; size];
        for ((&row, &column), amount) in samples {
            let cell: &mut Option<A> = &mut table[row as usize * classes + column as usize];
            *cell = Some(cell.unwrap_or_default() + amount);
        }
        let place = |index: usize| ((index / classes) as u32, (index % classes) as u32);
        let cells = table.into_iter().enumerate().filter_map(|(index, amount)| Some((place(index), amount?)));
        return Cells(cells.map(|((row, column), amount)| (row, column, amount)).collect());
    }
    let mut sums = HashMap::<(u32, u32), A>::new();
    for ((&row, &column), amount) in samples {
        let sum = sums.entry((row, column)).or_default();
        *sum = *sum + amount;
    }
    Cells::sorted(sums.into_iter().map(|((row, column), amount)| (row, column, amount)).collect())
}

impl<A: Amount> Cells<A> {
    /// Cells in any order, of which some may be the same.
    fn sorted(mut cells: Vec<Cell<A>>) -> Self {
        cells.sort_by_key(|&(row, column, _)| (row, column)); // finds runs in order
        cells.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2 = kept.2 + next.2;
            }
            same
        });
        Self(cells)
    }

    /// The cells as they come, if each place comes once, in order.
    pub(super) fn in_order(cells: Vec<Cell<A>>) -> Result<Self, Vec<Cell<A>>> {
        let in_order = cells.is_sorted_by(|one, next| (one.0, one.1) < (next.0, next.1));
        if in_order { Ok(Self(cells)) } else { Err(cells) }
    }

    /// The same cells, where `places` gives the new place of each row and column.
    pub(super) fn renamed(mut self, places: &[u32]) -> Self {
        for (row, column, _) in &mut self.0 {
            (*row, *column) = (places[*row as usize], places[*column as usize]);
        }
        match Self::in_order(self.0) {
            Ok(cells) => cells,
            Err(cells) => Self::sorted(cells),
        }
    }

    /// The cells of both.
    pub(super) fn with(self, other: Self) -> Self {
        Self::sorted([self.0, other.0].concat())
    }

    /// Marks every row and column that has a cell.
    pub(super) fn mark(&self, used: &mut [bool]) {
        for &(row, column, _) in &self.0 {
            (used[row as usize], used[column as usize]) = (true, true);
        }
    }

    pub(super) fn map<B: Amount>(&self, of: impl Fn(A) -> B) -> Cells<B> {
        Cells(self.0.iter().map(|&(row, column, amount)| (row, column, of(amount))).collect())
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = Cell<A>> {
        self.0.iter().copied()
    }

    pub(super) fn amounts(&self) -> impl Iterator<Item = A> {
        self.0.iter().map(|&(_, _, amount)| amount)
    }

    pub(super) fn places(&self) -> (Vec<u32>, Vec<u32>) {
        self.0.iter().map(|&(row, column, _)| (row, column)).unzip()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.0.as_slice())
    }
}
