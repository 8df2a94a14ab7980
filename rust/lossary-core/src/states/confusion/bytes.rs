//! Confusion states as bytes.

use super::cells::Cells;
use super::{Class, Confusion, Table};
use crate::states::amount::Amount;
use crate::states::bytes::{DecodeError, Kind, Reader, checked_total, finish, read_unit, start};

impl Confusion {
    /// The state as bytes. Equal states have equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let table = self.table.canonical();
        let mut bytes = start(Kind::Confusion, u8::from(matches!(table, Table::Weighed(..))), "");
        bytes.extend((self.classes.len() as u64).to_le_bytes());
        bytes.push(self.classes.first().map_or(0, |class| u8::from(matches!(class, Class::Text(_)))));
        for class in &self.classes {
            match class {
                Class::Number(number) => bytes.extend(number.to_le_bytes()),
                Class::Text(text) => {
                    bytes.extend((text.len() as u64).to_le_bytes());
                    bytes.extend(text);
                }
            }
        }
        match table {
            Table::Counted(cells) => write(&mut bytes, &cells, |count| count.to_le_bytes()),
            Table::Weighed(cells, unit) => {
                bytes.extend(unit.to_le_bytes());
                write(&mut bytes, &cells, |amount| amount.to_le_bytes());
            }
        }
        finish(bytes)
    }

    /// The state of bytes that [`Self::to_bytes`] gave.
    ///
    /// # Errors
    /// [`DecodeError`]: no state, damaged, of a newer version, or of another kind.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (mut reader, form, tag) = Reader::open(bytes, Kind::Confusion)?;
        if !tag.is_empty() {
            return Err(DecodeError::Impossible("a tag"));
        }
        let classes = read_classes(&mut reader)?;
        let (table, total) = match form {
            0 => {
                let cells = read(reader, &classes, |bytes| u64::from_le_bytes(*bytes))?;
                let total = checked_total(cells.amounts(), None)?;
                (Table::Counted(cells), total)
            }
            1 => {
                let unit = read_unit(&mut reader)?;
                let cells = read(reader, &classes, |bytes| u128::from_le_bytes(*bytes))?;
                let total = checked_total(cells.amounts(), Some(unit))?;
                if total == 0 {
                    return Err(DecodeError::Impossible("weights of zero only"));
                }
                (Table::Weighed(cells, unit), total)
            }
            _ => return Err(DecodeError::Impossible("an unknown form")),
        };
        Ok(Self { classes, table, total })
    }
}

/// The number of cells, and the cells.
fn write<A: Amount, const N: usize>(bytes: &mut Vec<u8>, cells: &Cells<A>, amount: impl Fn(A) -> [u8; N]) {
    bytes.extend((cells.iter().len() as u64).to_le_bytes());
    for (row, column, mass) in cells.iter() {
        bytes.extend(row.to_le_bytes());
        bytes.extend(column.to_le_bytes());
        bytes.extend(amount(mass));
    }
}

fn read_classes(reader: &mut Reader<'_>) -> Result<Vec<Class>, DecodeError> {
    let count = u64::from_le_bytes(reader.array()?);
    let [texts] = reader.array()?;
    let mut classes = Vec::new();
    for _ in 0..count {
        let word = reader.array()?;
        classes.push(match texts {
            0 => Class::Number(i64::from_le_bytes(word)),
            1 => Class::Text(
                reader.take(usize::try_from(u64::from_le_bytes(word)).unwrap_or(usize::MAX))?.into(),
            ),
            _ => return Err(DecodeError::Impossible("an unknown kind of class")),
        });
    }
    if !classes.is_sorted_by(|one, next| one < next) || (count == 0 && texts != 0) {
        return Err(DecodeError::Impossible("classes out of order"));
    }
    let unwritten = |class: &Class| matches!(class, Class::Text(text) if text.last() == Some(&0));
    if classes.iter().any(unwritten) {
        return Err(DecodeError::Impossible("a string that ends with a zero"));
    }
    Ok(classes)
}

/// The cells, in order, and one at least for every class.
fn read<A: Amount, const N: usize>(
    mut reader: Reader<'_>,
    classes: &[Class],
    amount: impl Fn(&[u8; N]) -> A,
) -> Result<Cells<A>, DecodeError> {
    let count = u64::from_le_bytes(reader.array()?);
    let mut cells = Vec::new();
    let mut used = vec![false; classes.len()];
    for _ in 0..count {
        let (row, column) = (u32::from_le_bytes(reader.array()?), u32::from_le_bytes(reader.array()?));
        if row.max(column) as usize >= classes.len() {
            return Err(DecodeError::Impossible("a cell of no class"));
        }
        cells.push((row, column, amount(&reader.array()?)));
    }
    let cells = Cells::in_order(cells).map_err(|_| DecodeError::Impossible("cells out of order"))?;
    cells.mark(&mut used);
    if used.contains(&false) {
        return Err(DecodeError::Impossible("a class without a cell"));
    }
    reader.end()?;
    Ok(cells)
}
