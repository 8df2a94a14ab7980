//! Voxels in a padded array, and the cells that they span.
//!
//! A border of the highest level spares every special case: a layer before and after, and after every row (and, in
//! 3-D, after every layer's last row) one more place, which the next row shares. Places keep the order of voxels.

/// Where the voxels of an image with `D` axes are.
#[derive(Clone, Copy)]
pub(super) struct Lattice<const D: usize> {
    shape: [usize; D],
    pub(super) strides: [usize; D],
    /// Number of places, with the border.
    pub(super) places: usize,
    /// For every set of axes, how far the vertices of a cell that spans them are from its base, ascending.
    corners: [[u32; 8]; 8],
}

/// A set of axes; the first axis has the highest bit, so that sets of corners ascend with their places.
pub(super) type Span = usize;

/// A cell of known dimension in 32 bits: where its first vertex is, and below that its type.
pub(super) type Cell = u32;

/// Bits of a cell's type.
const TYPE_BITS: u32 = 2;

#[inline(always)]
pub(super) fn cell(base: usize, kind: usize) -> Cell {
    (base << TYPE_BITS | kind) as u32
}

#[inline(always)]
pub(super) fn base(cell: Cell) -> usize {
    (cell >> TYPE_BITS) as usize
}

#[inline(always)]
pub(super) fn kind(cell: Cell) -> usize {
    (cell & ((1 << TYPE_BITS) - 1)) as usize
}

impl<const D: usize> Lattice<D> {
    /// Spans all axes.
    pub(super) const TOP: Span = (1 << D) - 1;

    pub(super) fn new(shape: [usize; D]) -> Self {
        let mut strides = [1; D];
        for axis in (0..D - 1).rev() {
            strides[axis] = strides[axis + 1] * (shape[axis + 1] + 1);
        }
        let mut corners = [[0; 8]; 8];
        for (span, corners) in corners.iter_mut().enumerate() {
            let subsets = (0..=span).filter(|subset| subset & !span == 0);
            for (corner, subset) in corners.iter_mut().zip(subsets) {
                let axes = (0..D).filter(|&axis| subset & Self::axis(axis) != 0);
                *corner = axes.map(|axis| strides[axis] as u32).sum();
            }
        }
        Self { shape, strides, places: (shape[0] + 2) * strides[0], corners }
    }

    /// The span of an edge.
    #[inline(always)]
    pub(super) const fn axis(axis: usize) -> Span {
        1 << (D - 1 - axis)
    }

    /// The axis that a facet of a top cell lacks, by its type.
    ///
    /// The types of squares in 3-D count the axes they lack, those of edges the axes they have.
    #[inline(always)]
    pub(super) const fn normal(kind: usize) -> usize {
        if D == 2 { 1 - kind } else { kind }
    }

    /// The span of a facet of a top cell, by its type.
    #[inline(always)]
    pub(super) const fn facet(kind: usize) -> Span {
        Self::TOP & !Self::axis(Self::normal(kind))
    }

    pub(super) fn row_length(&self) -> usize {
        self.shape[D - 1]
    }

    /// Where the rows of the image start, in their order.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> + Clone + use<D> {
        let Self { shape, strides, .. } = *self;
        let in_layer = if D == 3 { shape[1] } else { 1 };
        (1..=shape[0])
            .flat_map(move |layer| (0..in_layer).map(move |row| layer * strides[0] + row * strides[1]))
    }

    /// The position in the image of the voxel at a place.
    #[inline(always)]
    pub(super) fn position(&self, place: usize) -> u32 {
        let (mut rest, mut position) = ((place - self.strides[0]) as u32, 0);
        for axis in 0..D - 1 {
            let stride = self.strides[axis] as u32;
            position = (position + rest / stride) * self.shape[axis + 1] as u32;
            rest %= stride;
        }
        position + rest
    }

    /// How far the vertices of a cell are from its base, ascending; as many as it has are of use.
    #[inline(always)]
    pub(super) fn corners(&self, span: Span) -> &[u32; 8] {
        &self.corners[span]
    }
}
