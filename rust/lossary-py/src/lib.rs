//! The border between Python and `lossary-core`: convert, release the GIL, call, map the error.

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _kernels {
    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
