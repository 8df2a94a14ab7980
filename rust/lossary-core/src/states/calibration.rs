//! Bins of probabilities that merge exactly: every measure of calibration that reads bins.

use crate::brier::Probability;
use crate::calibration::{CalibrationError, Edges, FRACTION, MOST_BINS, Sums, Table, reliability};
use crate::states::bytes::{DecodeError, Kind, Reader, SHORT, TOO_LARGE, finish, start};
use crate::states::error::StateError;
use crate::states::units::MOST_SAMPLES;

/// Bytes of what a bin holds of one outcome: the count and the sum of probabilities.
const SUMS: usize = 8 + 16;

/// Bins of equal width over [0, 1], for each of one or more columns of probabilities.
#[derive(Debug, Clone)]
pub struct Calibration {
    tag: String,
    edges: Edges,
    columns: usize,
    /// The bins of each column; none without samples.
    tables: Vec<Table>,
}

impl Calibration {
    /// An empty state.
    ///
    /// # Errors
    /// [`StateError::LongTag`]; [`StateError::BadBins`] unless there are 1 to 2^20 bins in all columns together.
    pub fn new(tag: &str, bins: usize, columns: usize) -> Result<Self, StateError> {
        if tag.len() > usize::from(u16::MAX) {
            return Err(StateError::LongTag { bytes: tag.len() });
        }
        let bad = StateError::BadBins { low: 0.0, high: 1.0, bins: bins.saturating_mul(columns) };
        if !(1..=MOST_BINS).contains(&bins.saturating_mul(columns)) {
            return Err(bad);
        }
        let edges = Edges::even(bins).map_err(|_| bad)?;
        Ok(Self { tag: tag.to_owned(), edges, columns, tables: Vec::new() })
    }

    /// An empty state of the same options.
    pub fn identity(&self) -> Self {
        Self { tables: Vec::new(), ..self.clone() }
    }

    /// What the labels mean, as given to [`Self::new`].
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Number of bins of a column.
    pub fn bins(&self) -> usize {
        self.edges.bins()
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Bytes that the bins take.
    pub fn bytes(&self) -> usize {
        self.tables.iter().map(|table| size_of_val(table) + size_of_val(table.bins.as_slice())).sum()
    }

    /// The bins of each column; empty without samples.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Adds a batch to a column, which exists; 0 stands for what did not happen.
    ///
    /// # Errors
    /// [`CalibrationError`]; the state is unchanged.
    pub fn update<P: Probability>(
        &mut self,
        column: usize,
        probabilities: &[P],
        outcomes: &[u8],
    ) -> Result<(), CalibrationError> {
        let batch = reliability(probabilities, outcomes, &self.edges)?;
        if !probabilities.is_empty() {
            self.make_room();
            if let Some(own) = self.tables.get_mut(column) {
                *own += &batch;
            }
        }
        Ok(())
    }

    /// Adds the samples of another state.
    ///
    /// # Errors
    /// [`StateError::OtherOptions`], [`StateError::TooManySamples`]; this state is unchanged.
    pub fn merge(&mut self, other: &Self) -> Result<(), StateError> {
        if (&self.tag, self.bins(), self.columns) != (&other.tag, other.bins(), other.columns) {
            return Err(StateError::OtherOptions { own: self.describe(), other: other.describe() });
        }
        let both = samples(&self.tables) + samples(&other.tables);
        if both > MOST_SAMPLES.into() {
            return Err(StateError::TooManySamples);
        }
        if !other.tables.is_empty() {
            self.make_room();
        }
        for (own, table) in self.tables.iter_mut().zip(&other.tables) {
            *own += table;
        }
        Ok(())
    }

    fn make_room(&mut self) {
        self.tables.resize(self.columns, Table::empty(self.bins()));
    }

    fn describe(&self) -> String {
        format!("{} bins, tag {}", self.bins(), self.tag)
    }

    /// The state as bytes. Equal states have equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = start(Kind::Calibration, 0, &self.tag);
        bytes.extend((self.bins() as u32).to_le_bytes());
        bytes.extend((self.columns as u32).to_le_bytes());
        bytes.extend((self.tables.len() as u64).to_le_bytes());
        for table in &self.tables {
            bytes.extend(table.squared_error.to_le_bytes());
            for sums in table.bins.as_flattened() {
                bytes.extend(sums.count.to_le_bytes());
                bytes.extend(sums.probability.to_le_bytes());
            }
        }
        finish(bytes)
    }

    /// The state of bytes that [`Self::to_bytes`] gave.
    ///
    /// # Errors
    /// [`DecodeError`]: no state, damaged, of a newer version, or of another kind.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (mut reader, form, tag) = Reader::open(bytes, Kind::Calibration)?;
        if form != 0 {
            return Err(DecodeError::Impossible("an unknown form"));
        }
        let mut whole = || reader.array().map(|four| u32::from_le_bytes(four) as usize);
        let (bins, columns) = (whole()?, whole()?);
        let mut state =
            Self::new(&tag, bins, columns).map_err(|_| DecodeError::Impossible("impossible bins"))?;
        let tables = u64::from_le_bytes(reader.array()?);
        if tables != 0 && tables != columns as u64 {
            return Err(DecodeError::Impossible("another number of columns"));
        }
        for _ in 0..tables {
            state.tables.push(read_table(&mut reader, bins)?);
        }
        reader.end()?;
        if samples(&state.tables) > MOST_SAMPLES.into() {
            return Err(TOO_LARGE);
        }
        if tables != 0 && samples(&state.tables) == 0 {
            return Err(DecodeError::Impossible("bins without samples"));
        }
        Ok(state)
    }
}

/// Of all columns together.
fn samples(tables: &[Table]) -> u128 {
    tables.iter().map(count).sum()
}

fn count(table: &Table) -> u128 {
    table.bins.as_flattened().iter().map(|sums| u128::from(sums.count)).sum()
}

/// Sums that as many numbers in [0, 1] as there are can have.
fn read_table(reader: &mut Reader<'_>, bins: usize) -> Result<Table, DecodeError> {
    const WRONG: DecodeError = DecodeError::Impossible("sums that no probabilities have");
    let squared_error = u128::from_le_bytes(reader.array()?);
    let cells = reader.take(2 * SUMS * bins)?;
    let sums = cells.as_chunks::<SUMS>().0.iter().map(|cell| {
        let (count, rest) = cell.split_first_chunk().ok_or(SHORT)?;
        let probability = u128::from_le_bytes(*rest.first_chunk().ok_or(SHORT)?);
        let sums = Sums { count: u64::from_le_bytes(*count), probability };
        if probability <= u128::from(sums.count) << FRACTION { Ok(sums) } else { Err(WRONG) }
    });
    let table = Table { bins: sums.collect::<Result<Vec<_>, _>>()?.as_chunks().0.to_vec(), squared_error };
    if squared_error <= count(&table) << FRACTION { Ok(table) } else { Err(WRONG) }
}

/// Equal options and equal bins: the cut into batches does not matter.
impl PartialEq for Calibration {
    fn eq(&self, other: &Self) -> bool {
        (&self.tag, self.bins(), self.columns, &self.tables)
            == (&other.tag, other.bins(), other.columns, &other.tables)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(samples: &[(f64, u8)]) -> Calibration {
        let (values, outcomes): (Vec<f64>, Vec<u8>) = samples.iter().copied().unzip();
        let mut state = Calibration::new("t", 7, 1).unwrap();
        state.update(0, &values, &outcomes).unwrap();
        state
    }

    proptest! {
        #[test]
        fn any_cut_and_order_gives_the_same_state(
            samples in prop::collection::vec((0.0..=1.0, 0_u8..2), 0..60),
            cut in 0_usize..60,
        ) {
            let (one, two) = samples.split_at(cut.min(samples.len()));
            let whole = of(&samples);
            let mut merged = of(two);
            merged.merge(&of(one)).unwrap();
            prop_assert_eq!(&merged, &whole);
            prop_assert_eq!(merged.to_bytes(), whole.to_bytes());
            prop_assert_eq!(Calibration::from_bytes(&whole.to_bytes()).unwrap(), whole);
        }

        #[test]
        fn changed_bytes_are_refused(samples in prop::collection::vec((0.0..=1.0, 0_u8..2), 0..9), at in 0_usize..600, bit in 0_u8..8) {
            let mut bytes = of(&samples).to_bytes();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert!(Calibration::from_bytes(&bytes).is_err());
        }
    }

    /// The state with one byte changed, and the checksum right again.
    fn forged(state: &Calibration, at: usize, value: u8) -> Result<Calibration, DecodeError> {
        let mut bytes = state.to_bytes();
        bytes.truncate(bytes.len() - 4);
        bytes[at] = value;
        Calibration::from_bytes(&finish(bytes))
    }

    #[test]
    fn forged_bytes_are_refused() {
        let state = of(&[(0.01, 0)]);
        let header = 15; // with a tag of one byte
        let table = header + 16;
        for (at, value) in [
            (11, 1),                  // an unknown form
            (header, 8),              // other bins
            (header + 4, 0),          // no column
            (header + 8, 2),          // another number of columns
            (table + 15, 1),          // one beyond all
            (table + 16, 0),          // a probability without a sample
            (table + 16 + 24 + 8, 1), // of the other outcome
            (table + 16 + 23, 0x40),  // a sum beyond all
            (table + 16 + 7, 0x80),   // 2^63 samples
        ] {
            assert!(forged(&state, at, value).is_err(), "{at}");
        }
        assert_eq!(forged(&state, header, 7), Ok(state));
    }

    #[test]
    fn other_options_and_too_many_samples_are_refused() {
        let mut state = of(&[(0.5, 1)]);
        for other in [("t", 8, 1), ("u", 7, 1), ("t", 7, 2)] {
            let other = Calibration::new(other.0, other.1, other.2).unwrap();
            assert!(matches!(state.merge(&other), Err(StateError::OtherOptions { .. })));
        }
        for _ in 0..62 {
            state.merge(&state.clone()).unwrap();
        }
        let before = state.clone();
        assert_eq!(state.merge(&before), Err(StateError::TooManySamples));
        assert_eq!(state, before);
        assert!(Calibration::new("", 0, 1).is_err() && Calibration::new("", 1, 0).is_err());
        assert!(Calibration::new("", MOST_BINS, 2).is_err());
        assert!(matches!(
            Calibration::new(&"x".repeat(65536), 1, 1),
            Err(StateError::LongTag { bytes: 65536 })
        ));
    }

    #[test]
    fn an_empty_state_changes_nothing() {
        let state = of(&[(0.5, 1)]);
        let mut merged = state.identity();
        merged.update::<f32>(0, &[], &[]).unwrap();
        assert_eq!(merged.bytes(), 0);
        merged.merge(&state).unwrap();
        assert_eq!(merged, state);
    }
}
