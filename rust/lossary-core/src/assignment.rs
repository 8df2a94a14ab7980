//! Linear assignment: the cheapest way to give each row of a matrix a column of its own.
//!
//! A row without a column takes the path of lowest reduced cost to a free column, over columns whose rows move
//! on. Prices of rows and columns keep reduced costs at 0 or above, and those of taken pairs at 0.
//!
//! Source: Kuhn, The Hungarian Method for the Assignment Problem, Naval Research Logistics Quarterly 2, 1955; by
//! paths: Jonker and Volgenant, A Shortest Augmenting Path Algorithm for Dense and Sparse Linear Assignment
//! Problems, Computing 38, 1987.

use std::fmt;

/// Why there is no assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignmentError {
    /// The costs are no matrix of this shape.
    LengthMismatch {
        /// Numbers given.
        costs: usize,
        /// Rows asked for.
        rows: usize,
        /// Columns asked for.
        columns: usize,
    },
    /// Too few columns for the rows, or too many columns to number in 32 bits.
    BadShape {
        /// Rows given.
        rows: usize,
        /// Columns given.
        columns: usize,
    },
    /// NaN or infinity.
    BadCost {
        /// Its position.
        index: usize,
    },
}

impl fmt::Display for AssignmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthMismatch { costs, rows, columns } => {
                write!(f, "{costs} costs, for {rows} rows and {columns} columns")
            }
            Self::BadShape { rows, columns } => write!(f, "{rows} rows beside {columns} columns"),
            Self::BadCost { index } => write!(f, "NaN or infinity at position {index}"),
        }
    }
}

impl std::error::Error for AssignmentError {}

/// Of a column without a row.
const FREE: usize = usize::MAX;

/// Sums of costs below this stay finite, whatever the number of rows.
const HUGE: f64 = f64::from_bits((1023 + 900) << 52);
const SMALLER: f64 = f64::from_bits((1023 - 200) << 52);

/// The column of each row, of a matrix with no more rows than columns, row by row.
///
/// The sum of the costs of the pairs is the lowest; exact where sums of costs are, as those of integers up to
/// 2^53. O(r^2 c) for r rows and c columns, beside the matrix O(r + c) memory; one thread.
///
/// # Errors
/// [`AssignmentError`].
///
/// ```
/// use lossary_core::assignment::cheapest_columns;
/// assert_eq!(cheapest_columns(&[1.0, 2.0, 9.0, 1.0, 9.0, 9.0], 2, 3)?, [1, 0]); // 2 + 1, and not 1 + 9
/// # Ok::<(), lossary_core::assignment::AssignmentError>(())
/// ```
pub fn cheapest_columns(cost: &[f64], rows: usize, columns: usize) -> Result<Vec<usize>, AssignmentError> {
    if rows.checked_mul(columns) != Some(cost.len()) {
        return Err(AssignmentError::LengthMismatch { costs: cost.len(), rows, columns });
    }
    if rows > columns || u32::try_from(columns).is_err() {
        return Err(AssignmentError::BadShape { rows, columns });
    }
    if let Some(index) = cost.iter().position(|cost| !cost.is_finite()) {
        return Err(AssignmentError::BadCost { index });
    }
    if rows == 0 {
        return Ok(Vec::new());
    }
    let scale = if cost.iter().any(|cost| cost.abs() >= HUGE) { SMALLER } else { 1.0 };
    let mut matching = Matching::new(cost, columns, scale);
    let unplaced: Vec<usize> = (0..rows).filter(|&row| matching.column_of[row] == FREE).collect();
    for row in unplaced {
        matching.place(row);
    }
    Ok(matching.column_of)
}

/// Rows and columns paired so far, and their prices.
struct Matching<'a> {
    cost: &'a [f64],
    columns: usize,
    scale: f64,
    row_price: Vec<f64>,
    column_price: Vec<f64>,
    column_of: Vec<usize>,
    row_of: Vec<usize>,
    /// Of each column: the length of the shortest path, and the row before.
    distance: Vec<f64>,
    came_from: Vec<usize>,
    /// Columns to which the shortest path is not known, and those to which it is.
    open: Vec<u32>,
    reached: Vec<u32>,
}

impl<'a> Matching<'a> {
    /// Each row at its cheapest column, if no other row has it.
    fn new(cost: &'a [f64], columns: usize, scale: f64) -> Self {
        let rows = cost.len() / columns;
        let mut matching = Self {
            cost,
            columns,
            scale,
            row_price: Vec::with_capacity(rows),
            column_price: vec![0.0; columns],
            column_of: vec![FREE; rows],
            row_of: vec![FREE; columns],
            distance: vec![0.0; columns],
            came_from: vec![FREE; columns],
            open: Vec::with_capacity(columns),
            reached: Vec::with_capacity(columns),
        };
        for (row, costs) in cost.chunks_exact(columns).enumerate() {
            let (mut cheapest, mut price) = (0, f64::INFINITY);
            for (column, &cost) in costs.iter().enumerate() {
                if cost < price {
                    (cheapest, price) = (column, cost);
                }
            }
            matching.row_price.push(price * scale);
            if matching.row_of[cheapest] == FREE {
                matching.row_of[cheapest] = row;
                matching.column_of[row] = cheapest;
            }
        }
        matching
    }

    /// Gives a row a column; the others keep one.
    fn place(&mut self, start: usize) {
        self.distance.fill(f64::INFINITY);
        self.open.clear();
        self.open.extend(0..self.columns as u32);
        self.reached.clear();
        let (mut row, mut length) = (start, 0.0);
        let mut column = loop {
            let column = self.nearest(row, length);
            length = self.distance[column];
            self.reached.push(column as u32);
            if self.row_of[column] == FREE {
                break column;
            }
            row = self.row_of[column];
        };
        self.row_price[start] += length;
        for &column in &self.reached {
            let column = column as usize;
            let slack = length - self.distance[column];
            self.column_price[column] -= slack;
            if self.row_of[column] != FREE {
                self.row_price[self.row_of[column]] += slack;
            }
        }
        loop {
            let row = self.came_from[column];
            self.row_of[column] = row;
            std::mem::swap(&mut self.column_of[row], &mut column);
            if row == start {
                return;
            }
        }
    }

    /// Extends paths over a row, and takes out the column with the shortest; of equal ones, one that is free.
    fn nearest(&mut self, row: usize, length: f64) -> usize {
        let costs = &self.cost[row * self.columns..][..self.columns];
        let base = length - self.row_price[row];
        let (mut shortest, mut place) = (f64::INFINITY, 0);
        for (at, &column) in self.open.iter().enumerate() {
            let column = column as usize;
            let through = base + (costs[column] * self.scale - self.column_price[column]);
            if through < self.distance[column] {
                self.distance[column] = through;
                self.came_from[column] = row;
            }
            let distance = self.distance[column];
            if distance < shortest || (distance == shortest && self.row_of[column] == FREE) {
                (shortest, place) = (distance, at);
            }
        }
        self.open.swap_remove(place) as usize
    }
}
