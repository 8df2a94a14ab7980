//! Bindings of `lossary_core::threads`.

use crate::errors::thread_error;
use lossary_core::threads;
use pyo3::prelude::*;
use std::num::NonZeroUsize;

#[pyfunction]
#[pyo3(signature = (num_threads, /))]
pub fn set_num_threads(num_threads: Option<i64>) -> PyResult<()> {
    let limit = match num_threads {
        None => None,
        Some(given) => {
            let limit = usize::try_from(given).ok().and_then(NonZeroUsize::new);
            Some(limit.ok_or_else(|| thread_error(given))?)
        }
    };
    threads::set_num_threads(limit);
    Ok(())
}

#[pyfunction]
pub fn get_num_threads() -> usize {
    threads::num_threads()
}
