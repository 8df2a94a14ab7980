//! Bindings of `lossary_core::strings`, and the same for Python's own strings.

use crate::arrays::slice;
use crate::errors::strings_error;
use lossary_core::strings::{self, Strings};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

type Codes<'py> = Bound<'py, PyArray1<u32>>;

/// The distinct strings of two arrays of code points, one row after the other, and the code of each string.
#[pyfunction]
#[pyo3(signature = (first, first_width, second, second_width, /))]
pub fn string_codes<'py>(
    py: Python<'py>,
    first: PyReadonlyArray1<'py, u32>,
    first_width: usize,
    second: PyReadonlyArray1<'py, u32>,
    second_width: usize,
) -> PyResult<(Codes<'py>, Codes<'py>, Codes<'py>)> {
    let (first, second) = (slice(&first)?, slice(&second)?);
    let coded = py
        .detach(|| {
            strings::string_codes(Strings::new(first, first_width)?, Strings::new(second, second_width)?)
        })
        .map_err(strings_error)?;
    Ok((coded.classes.into_pyarray(py), coded.first.into_pyarray(py), coded.second.into_pyarray(py)))
}

/// The distinct strings of an array of objects, and the code of each; None where an object is no string.
#[pyfunction]
#[pyo3(signature = (objects, /))]
pub fn object_codes<'py>(
    py: Python<'py>,
    objects: PyReadonlyArray1<'py, Py<PyAny>>,
) -> PyResult<Option<(Bound<'py, PyList>, Codes<'py>)>> {
    /// Objects whose code is remembered, by their address: a power of two.
    const PLACES: usize = 1 << 12;
    let (classes, numbers) = (PyList::empty(py), PyDict::new(py));
    let mut recent: Vec<Option<(&Py<PyAny>, u32)>> = vec![None; PLACES];
    let objects = slice(&objects)?;
    let mut codes = Vec::with_capacity(objects.len());
    for object in objects {
        let place = recent.get_mut(object.as_ptr() as usize / 16 % PLACES);
        let code = match place.as_deref() {
            Some(Some((known, code))) if known.is(object) => *code,
            _ => {
                let Ok(string) = object.bind(py).cast::<PyString>() else {
                    return Ok(None);
                };
                match numbers.get_item(string)? {
                    Some(code) => code.extract()?,
                    None => {
                        let code = u32::try_from(classes.len())?;
                        numbers.set_item(string, code)?;
                        classes.append(string)?;
                        code
                    }
                }
            }
        };
        if let Some(place) = place {
            *place = Some((object, code));
        }
        codes.push(code);
    }
    Ok(Some((classes, codes.into_pyarray(py))))
}
