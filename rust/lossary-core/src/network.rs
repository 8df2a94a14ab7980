//! Many tiny sorts at once: one sorting network over the rows of a table sorts all its columns.
//!
//! A network compares and exchanges fixed pairs, so that the same instruction serves every column: no branch
//! depends on the data. Source: Batcher, Sorting networks and their applications, AFIPS 1968.

/// Columns side by side.
pub(crate) const WIDTH: usize = 8;

/// Entries of a column.
pub(crate) const DEPTH: usize = 16;

/// A table of entries, row by row; every column is sorted and counted for itself.
pub type Columns<K> = [[K; WIDTH]; DEPTH];

/// Expands to `$exchange!(rows, upper, lower);` for every pair of Batcher's odd-even merge sort of 16 rows.
macro_rules! for_each_pair {
    ($exchange:ident, $rows:ident) => {
        for_each_pair!($exchange, $rows,
            0 1, 2 3, 4 5, 6 7, 8 9, 10 11, 12 13, 14 15,
            0 2, 1 3, 4 6, 5 7, 8 10, 9 11, 12 14, 13 15, 1 2, 5 6, 9 10, 13 14,
            0 4, 1 5, 2 6, 3 7, 8 12, 9 13, 10 14, 11 15, 2 4, 3 5, 10 12, 11 13,
            1 2, 3 4, 5 6, 9 10, 11 12, 13 14,
            0 8, 1 9, 2 10, 3 11, 4 12, 5 13, 6 14, 7 15, 4 8, 5 9, 6 10, 7 11,
            2 4, 3 5, 6 8, 7 9, 10 12, 11 13, 1 2, 3 4, 5 6, 7 8, 9 10, 11 12, 13 14);
    };
    ($exchange:ident, $rows:ident, $($upper:literal $lower:literal),*) => {
        $($exchange!($rows, $upper, $lower);)*
    };
}
pub(crate) use for_each_pair;

/// What the columns of packed entries are asked. The entries lie below `PAD`, which fills empty places: it sorts
/// last and counts as a negative.
pub trait Column: Sized {
    /// Even, above every entry, and positive as a signed number.
    const PAD: Self;

    /// Sorts every column, ascending.
    fn sort_columns(rows: &mut Columns<Self>);

    /// Twice the wins of positives over the negatives of their column, plus the ties. May sort the columns.
    fn count_columns(rows: &mut Columns<Self>) -> u64;
}

macro_rules! impl_column {
    ($($key:ty, $signed:ty, $try_sort:ident, $try_count:ident, $sort:ident, $count:ident);*) => {$(
        impl Column for $key {
            const PAD: Self = (<$key>::MAX >> 1) - 1;

            #[inline(always)]
            fn sort_columns(rows: &mut Columns<Self>) {
                #[cfg(target_arch = "x86_64")]
                if crate::platform::avx2::$try_sort(rows) {
                    return;
                }
                $sort(rows);
            }

            #[inline(always)]
            fn count_columns(rows: &mut Columns<Self>) -> u64 {
                #[cfg(target_arch = "x86_64")]
                if let Some(total) = crate::platform::avx2::$try_count(rows) {
                    return total;
                }
                $count(rows)
            }
        }

        // These two are long, and compiled once: neither where they are called nor for any crate that ranks.

        #[inline(never)]
        fn $sort(rows: &mut Columns<$key>) {
            macro_rules! exchange {
                ($rows:ident, $upper:literal, $lower:literal) => {
                    for column in 0..WIDTH {
                        // Signed numbers have a comparison on the oldest processors, too.
                        let (a, b) = ($rows[$upper][column] as $signed, $rows[$lower][column] as $signed);
                        $rows[$upper][column] = a.min(b) as $key;
                        $rows[$lower][column] = a.max(b) as $key;
                    }
                };
            }
            for_each_pair!(exchange, rows);
        }

        #[inline(never)]
        fn $count(rows: &mut Columns<$key>) -> u64 {
            $sort(rows);
            // Negatives so far; what a positive adds: twice those below its tie group, once those in it.
            let (mut twice_negatives, mut below) = ([0; WIDTH], [0; WIDTH]);
            let (mut previous, mut total) = ([0; WIDTH], [0; WIDTH]);
            for row in rows {
                for column in 0..WIDTH {
                    let (key, negative) = (row[column] | 1, !row[column] & 1);
                    let tied = key == previous[column];
                    below[column] = if tied { below[column] } else { twice_negatives[column] };
                    below[column] += negative;
                    twice_negatives[column] += 2 * negative;
                    total[column] += if negative == 0 { below[column] } else { 0 };
                    previous[column] = key;
                }
            }
            total.iter().map(|&total: &$key| u64::from(total)).sum()
        }
    )*};
}

impl_column!(
    u32, i32, try_sort_u32, try_count_u32, sort_u32, count_u32;
    u64, i64, try_sort_u64, try_count_u64, sort_u64, count_u64
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_zeros_and_ones_is_sorted() {
        // A network that sorts all zeros and ones sorts everything.
        for start in (0..1_u32 << DEPTH).step_by(WIDTH) {
            let mut narrow: Columns<u32> =
                std::array::from_fn(|row| std::array::from_fn(|column| (start + column as u32) >> row & 1));
            let mut wide = narrow.map(|row| row.map(|bit| u64::from(bit) << 61));
            u32::sort_columns(&mut narrow);
            u64::sort_columns(&mut wide);
            for column in 0..WIDTH {
                assert!(narrow.windows(2).all(|rows| rows[0][column] <= rows[1][column]));
                assert!(wide.windows(2).all(|rows| rows[0][column] <= rows[1][column]));
            }
        }
    }
}
