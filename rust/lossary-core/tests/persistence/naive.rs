//! The definition: boundary matrices of sets of cells, reduced from left to right.

use lossary_core::persistence::{Matches, Matching, Pair};
use std::collections::{BTreeSet, HashMap};

/// A cell: its vertices in ascending order.
type Cell = Vec<usize>;

/// All cells of a shape, by dimension, in the order in which equal levels are listed: base voxel, then type.
pub struct Complex {
    cells: Vec<Vec<Cell>>,
    /// For each dimension, the places of the facets of each cell.
    facets: Vec<Vec<Vec<usize>>>,
}

impl Complex {
    pub fn new(shape: &[usize]) -> Self {
        let axes = shape.len();
        let strides: Vec<usize> = (0..axes).map(|axis| shape[axis + 1..].iter().product()).collect();
        let voxels: usize = shape.iter().product();
        let mut cells: Vec<Vec<Cell>> = vec![Vec::new(); axes + 1];
        for (dimension, of_dimension) in cells.iter_mut().enumerate() {
            let mut spans: Vec<Vec<usize>> = (0..1 << axes)
                .map(|bits| (0..axes).filter(|axis| bits >> axis & 1 == 1).collect())
                .filter(|span: &Vec<usize>| span.len() == dimension)
                .collect();
            // Edges are listed by their axis, squares in 3-D by the axis they lack.
            spans.sort_by_key(|span| {
                let lacking = (0..axes).find(|axis| !span.contains(axis));
                if dimension == 1 { span[0] } else { lacking.unwrap_or(0) }
            });
            for base in 0..voxels {
                for span in &spans {
                    if span.iter().all(|&axis| base / strides[axis] % shape[axis] + 1 < shape[axis]) {
                        let corner = |bits: usize| -> usize {
                            let offsets = span.iter().enumerate();
                            base + offsets.map(|(i, &axis)| (bits >> i & 1) * strides[axis]).sum::<usize>()
                        };
                        let mut cell: Cell = (0..1 << dimension).map(corner).collect();
                        cell.sort_unstable();
                        of_dimension.push(cell);
                    }
                }
            }
        }
        let facets = (0..=axes)
            .map(|dimension| match dimension {
                0 => vec![Vec::new(); voxels],
                _ => facets(&cells[dimension], &cells[dimension - 1]),
            })
            .collect();
        Self { cells, facets }
    }

    fn levels(&self, image: &[f64], dimension: usize) -> Vec<f64> {
        let level = |cell: &Cell| cell.iter().map(|&voxel| image[voxel]).fold(f64::NEG_INFINITY, f64::max);
        self.cells[dimension].iter().map(level).collect()
    }

    /// The cells of a dimension from the oldest to the youngest.
    fn order(&self, image: &[f64], dimension: usize) -> Vec<usize> {
        let levels = self.levels(image, dimension);
        let mut order: Vec<usize> = (0..levels.len()).collect();
        order.sort_by(|&a, &b| levels[a].partial_cmp(&levels[b]).unwrap());
        order
    }

    /// For each cell of dimension `k + 1`, the cell of dimension `k` whose class it ends.
    fn births(&self, rows: &[f64], columns: &[f64], dimension: usize) -> Vec<Option<usize>> {
        let mut place = vec![0; self.cells[dimension].len()];
        let row_order = self.order(rows, dimension);
        row_order.iter().enumerate().for_each(|(index, &cell)| place[cell] = index);
        let mut reduced: HashMap<usize, BTreeSet<usize>> = HashMap::new();
        let mut births = vec![None; self.cells[dimension + 1].len()];
        for cell in self.order(columns, dimension + 1) {
            let mut column: BTreeSet<usize> =
                self.facets[dimension + 1][cell].iter().map(|&facet| place[facet]).collect();
            while let Some(pivot) = column.last().copied() {
                let Some(owner) = reduced.get(&pivot) else {
                    births[cell] = Some(row_order[pivot]);
                    reduced.insert(pivot, column);
                    break;
                };
                column = column.symmetric_difference(owner).copied().collect();
            }
        }
        births
    }

    /// The voxel that gives a cell its level.
    fn voxel(&self, image: &[f64], dimension: usize, cell: usize) -> u32 {
        let vertices = &self.cells[dimension][cell];
        let level = self.levels(image, dimension)[cell];
        let mut attaining = vertices.iter().filter(|&&voxel| image[voxel] == level);
        *if dimension <= 2 { attaining.next_back() } else { attaining.next() }.unwrap() as u32
    }

    /// Pairs of cells of positive length.
    fn cell_pairs(&self, image: &[f64], dimension: usize) -> Vec<(usize, usize)> {
        let (born, dead) = (self.levels(image, dimension), self.levels(image, dimension + 1));
        let pairs = self.births(image, image, dimension).into_iter().enumerate();
        pairs
            .filter_map(|(death, birth)| Some((birth?, death)))
            .filter(|&(birth, death)| born[birth] < dead[death])
            .collect()
    }

    fn pair(&self, image: &[f64], dimension: usize, (birth, death): (usize, usize)) -> Pair {
        Pair { birth: self.voxel(image, dimension, birth), death: self.voxel(image, dimension + 1, death) }
    }

    pub fn pairs(&self, image: &[f64], dimension: usize) -> Vec<Pair> {
        let cells = self.cell_pairs(image, dimension);
        let mut pairs: Vec<Pair> = cells.iter().map(|&pair| self.pair(image, dimension, pair)).collect();
        pairs.sort_unstable();
        pairs
    }

    pub fn essential_birth(&self, image: &[f64]) -> u32 {
        self.order(image, 0)[0] as u32
    }

    pub fn matches(&self, images: [&[f64]; 2], dimension: usize) -> Matches {
        let union: Vec<f64> = images[0].iter().zip(images[1]).map(|(a, &b)| a.min(b)).collect();
        let pairs = images.map(|image| self.cell_pairs(image, dimension));
        let image_births = images.map(|image| self.births(image, &union, dimension));
        let mut matched = Vec::new();
        for (_, death) in self.cell_pairs(&union, dimension) {
            let find = |of: usize| {
                let birth = image_births[of][death].unwrap();
                pairs[of].iter().copied().find(|pair| pair.0 == birth)
            };
            matched.extend(find(0).zip(find(1)));
        }
        let unmatched = |of: usize| {
            let is_free = |pair: &&(usize, usize)| {
                !matched.iter().any(|both: &((usize, usize), (usize, usize))| [both.0, both.1][of] == **pair)
            };
            let free = pairs[of].iter().filter(is_free);
            let mut free: Vec<Pair> = free.map(|&pair| self.pair(images[of], dimension, pair)).collect();
            free.sort_unstable();
            free
        };
        let rows = matched.iter();
        let mut rows: Vec<(Pair, Pair)> = rows
            .map(|both| (self.pair(images[0], dimension, both.0), self.pair(images[1], dimension, both.1)))
            .collect();
        rows.sort_unstable();
        Matches { matched: rows, unmatched_prediction: unmatched(0), unmatched_target: unmatched(1) }
    }

    pub fn matching(&self, prediction: &[f64], target: &[f64]) -> Matching {
        let images = [prediction, target];
        Matching {
            dimensions: (0..self.cells.len() - 1).map(|dimension| self.matches(images, dimension)).collect(),
            essential_prediction: self.essential_birth(prediction),
            essential_target: self.essential_birth(target),
        }
    }
}

fn facets(cells: &[Cell], lower: &[Cell]) -> Vec<Vec<usize>> {
    let place: HashMap<&Cell, usize> = lower.iter().enumerate().map(|(index, cell)| (cell, index)).collect();
    let halves = |cell: &Cell| -> Vec<usize> {
        // A facet holds half of the vertices: those on one side of an axis.
        let half = cell.len() / 2;
        let sides = (0..1_usize << cell.len()).filter(|bits| bits.count_ones() as usize == half);
        let vertices = |bits: usize| -> Cell {
            cell.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, &voxel)| voxel).collect()
        };
        sides.filter_map(|bits| place.get(&vertices(bits)).copied()).collect()
    };
    cells.iter().map(halves).collect()
}
