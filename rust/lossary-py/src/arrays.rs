//! NumPy arrays to slices, in place: one enum over the dtypes that the kernels read.

use crate::errors::unreadable;
use lossary_core::labels::two_classes;
use numpy::{
    AsSliceError, PyArray1, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArray1, PyUntypedArray,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;
use pyo3::{Borrowed, intern};

/// A one-dimensional, contiguous, aligned array in native byte order.
pub enum Numbers<'py> {
    F32(PyReadonlyArray1<'py, f32>),
    F64(PyReadonlyArray1<'py, f64>),
    I8(PyReadonlyArray1<'py, i8>),
    I16(PyReadonlyArray1<'py, i16>),
    I32(PyReadonlyArray1<'py, i32>),
    I64(PyReadonlyArray1<'py, i64>),
    U8(PyReadonlyArray1<'py, u8>),
    U16(PyReadonlyArray1<'py, u16>),
    U32(PyReadonlyArray1<'py, u32>),
    U64(PyReadonlyArray1<'py, u64>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Numbers<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let array = object.cast::<PyUntypedArray>()?;
        let dtype = array.dtype();
        if dtype.is_native_byteorder() == Some(false) {
            return Err(unreadable(&array.to_owned()));
        }
        Ok(match (dtype.kind(), dtype.itemsize()) {
            (b'f', 4) => Self::F32(borrow(object)?),
            (b'f', 8) => Self::F64(borrow(object)?),
            (b'i', 1) => Self::I8(borrow(object)?),
            (b'i', 2) => Self::I16(borrow(object)?),
            (b'i', 4) => Self::I32(borrow(object)?),
            (b'i', 8) => Self::I64(borrow(object)?),
            (b'u', 1) => Self::U8(borrow(object)?),
            (b'u', 2) => Self::U16(borrow(object)?),
            (b'u', 4) => Self::U32(borrow(object)?),
            (b'u', 8) => Self::U64(borrow(object)?),
            _ => return Err(unreadable(&array.to_owned())),
        })
    }
}

fn borrow<'py, T: numpy::Element>(object: Borrowed<'_, 'py, PyAny>) -> PyResult<PyReadonlyArray1<'py, T>> {
    Ok(object.cast::<PyArray1<T>>()?.try_readonly()?)
}

/// Runs an expression with the slice of any kind of numbers.
macro_rules! with_slice {
    ($numbers:expr, $slice:ident => $body:expr) => {{
        use $crate::arrays::Numbers;
        match $numbers {
            Numbers::F32(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Numbers::F64(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Numbers::I8(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Numbers::I16(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Numbers::I32(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Numbers::I64(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Numbers::U8(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Numbers::U16(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Numbers::U32(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Numbers::U64(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
        }
    }};
}
pub(crate) use with_slice;

/// Runs an expression with the slice of an array of floats; for others, the error names the argument.
macro_rules! with_floats {
    ($numbers:expr, $name:literal, $slice:ident => $body:expr) => {{
        use $crate::arrays::Numbers;
        match $numbers {
            Numbers::F32(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Numbers::F64(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            _ => Err($crate::errors::no_floats($name)),
        }
    }};
}
pub(crate) use with_floats;

/// Scores in the few types that the ranking kernels are compiled for; other integers are widened once.
pub enum Scores<'py> {
    F32(PyReadonlyArray1<'py, f32>),
    F64(PyReadonlyArray1<'py, f64>),
    I64(PyReadonlyArray1<'py, i64>),
    U8(PyReadonlyArray1<'py, u8>),
    U64(PyReadonlyArray1<'py, u64>),
    Widened(Vec<i64>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Scores<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(match object.extract()? {
            Numbers::F32(array) => Self::F32(array),
            Numbers::F64(array) => Self::F64(array),
            Numbers::I64(array) => Self::I64(array),
            Numbers::U8(array) => Self::U8(array),
            Numbers::U64(array) => Self::U64(array),
            Numbers::I8(array) => Self::Widened(widened(&array)?),
            Numbers::I16(array) => Self::Widened(widened(&array)?),
            Numbers::I32(array) => Self::Widened(widened(&array)?),
            Numbers::U16(array) => Self::Widened(widened(&array)?),
            Numbers::U32(array) => Self::Widened(widened(&array)?),
        })
    }
}

fn widened<T: numpy::Element + Copy + Into<i64>>(array: &PyReadonlyArray1<'_, T>) -> PyResult<Vec<i64>> {
    Ok(slice(array)?.iter().map(|&number| number.into()).collect())
}

/// Runs an expression with the slice of any kind of scores.
macro_rules! with_scores {
    ($scores:expr, $slice:ident => $body:expr) => {{
        use $crate::arrays::Scores;
        match $scores {
            Scores::F32(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Scores::F64(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Scores::I64(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Scores::U8(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Scores::U64(array) => $crate::arrays::slice(array).and_then(|$slice| $body),
            Scores::Widened(numbers) => {
                let $slice = numbers.as_slice();
                $body
            }
        }
    }};
}
pub(crate) use with_scores;

/// Runs an expression with the slices of two integer arrays of one dtype.
macro_rules! with_label_slices {
    ($first:expr, $second:expr, ($a:ident, $b:ident) => $body:expr) => {{
        use $crate::arrays::Numbers;
        match ($first, $second) {
            (Numbers::I8(a), Numbers::I8(b)) => $crate::arrays::slices(a, b).and_then(|($a, $b)| $body),
            (Numbers::I16(a), Numbers::I16(b)) => $crate::arrays::slices(a, b).and_then(|($a, $b)| $body),
            (Numbers::I32(a), Numbers::I32(b)) => $crate::arrays::slices(a, b).and_then(|($a, $b)| $body),
            (Numbers::I64(a), Numbers::I64(b)) => $crate::arrays::slices(a, b).and_then(|($a, $b)| $body),
            (Numbers::U8(a), Numbers::U8(b)) => $crate::arrays::slices(a, b).and_then(|($a, $b)| $body),
            (Numbers::U16(a), Numbers::U16(b)) => $crate::arrays::slices(a, b).and_then(|($a, $b)| $body),
            (Numbers::U32(a), Numbers::U32(b)) => $crate::arrays::slices(a, b).and_then(|($a, $b)| $body),
            (Numbers::U64(a), Numbers::U64(b)) => $crate::arrays::slices(a, b).and_then(|($a, $b)| $body),
            _ => Err($crate::errors::different_label_dtypes()),
        }
    }};
}
pub(crate) use with_label_slices;

pub fn slice<'a, T: numpy::Element>(array: &'a PyReadonlyArray1<'_, T>) -> PyResult<&'a [T]> {
    array.as_slice().map_err(|_: AsSliceError| unreadable(array.as_untyped()))
}

/// A pair of slices of one type.
pub type Pair<'a, T> = (&'a [T], &'a [T]);

pub fn slices<'a, T: numpy::Element>(
    first: &'a PyReadonlyArray1<'_, T>,
    second: &'a PyReadonlyArray1<'_, T>,
) -> PyResult<Pair<'a, T>> {
    Ok((slice(first)?, slice(second)?))
}

/// Labels of two values as bytes: 0 is negative, any other is positive.
pub enum Classes<'py> {
    /// A boolean array, read as the bytes it is made of.
    InPlace(PyReadonlyArray1<'py, u8>),
    Made(Vec<u8>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Classes<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        if object.cast::<PyUntypedArray>()?.dtype().kind() == b'b' {
            // Never as Rust booleans: a view can hold bytes other than 0 and 1.
            return Ok(Self::InPlace(
                object.call_method1(intern!(py, "view"), (numpy::dtype::<u8>(py),))?.extract()?,
            ));
        }
        let numbers: Numbers<'py> = object.extract()?;
        let classes = with_slice!(&numbers, labels => Ok(py.detach(|| two_classes(labels))))?;
        classes.map(Self::Made).map_err(crate::errors::label_error)
    }
}

impl Classes<'_> {
    pub fn as_slice(&self) -> PyResult<&[u8]> {
        match self {
            Self::InPlace(array) => slice(array),
            Self::Made(classes) => Ok(classes),
        }
    }
}
