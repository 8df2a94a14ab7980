//! Options by name. The Python layer checks them first, with the names it offers in its message.

use crate::errors::unknown_option;
use lossary_core::all_pairs::Surrogate;
use lossary_core::box_iou::Kind;
use lossary_core::kendall::Variant;
use lossary_core::mutual_information::Average;
use lossary_core::significance::{Alternative, Method};
use lossary_core::weighted_kendall::{RankBy, Weigher};
use pyo3::prelude::*;
use pyo3::{Borrowed, PyErr};

/// An option that Python gives as a string.
pub struct Named<T>(pub T);

macro_rules! impl_named {
    ($($option:ty { $($name:literal => $value:expr),* })*) => {$(
        impl<'a, 'py> FromPyObject<'a, 'py> for Named<$option> {
            type Error = PyErr;

            fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                match object.extract::<&str>()? {
                    $($name => Ok(Self($value)),)*
                    other => Err(unknown_option(other, &[$($name),*])),
                }
            }
        }
    )*};
}

impl_named! {
    Alternative {
        "two-sided" => Alternative::TwoSided, "less" => Alternative::Less, "greater" => Alternative::Greater
    }
    Average {
        "arithmetic" => Average::Arithmetic, "geometric" => Average::Geometric,
        "max" => Average::Max, "min" => Average::Min
    }
    Kind { "iou" => Kind::Iou, "giou" => Kind::Giou, "diou" => Kind::Diou, "ciou" => Kind::Ciou }
    Method { "auto" => Method::Auto, "asymptotic" => Method::Asymptotic, "exact" => Method::Exact }
    RankBy { "score" => RankBy::Second, "average" => RankBy::Average, "index" => RankBy::Position }
    Surrogate {
        "square" => Surrogate::Square, "squared_hinge" => Surrogate::SquaredHinge, "hinge" => Surrogate::Hinge,
        "logistic" => Surrogate::Logistic, "barrier_hinge" => Surrogate::BarrierHinge,
        "sigmoid" => Surrogate::Sigmoid, "exponential" => Surrogate::Exponential
    }
    Variant { "a" => Variant::A, "b" => Variant::B, "c" => Variant::C }
    Weigher {
        "hyperbolic" => Weigher::Hyperbolic, "logarithmic" => Weigher::Logarithmic,
        "uniform" => Weigher::Uniform
    }
}
