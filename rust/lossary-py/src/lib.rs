//! The border between Python and `lossary-core`: convert, release the GIL, call, map the error.

use pyo3::prelude::*;

mod all_pairs;
mod arrays;
mod assignment;
mod auc;
mod bit_allocation;
mod bootstrap;
mod boxes;
mod brier;
mod calibration;
mod capped_simplex;
mod columns;
mod confusion;
mod confusion_state;
mod contingency;
mod crps;
mod curves;
mod delong;
mod entropy_coupling;
mod errors;
mod grouped_auc;
mod isotonic;
mod label_ranking;
mod mann_whitney;
mod operating_points;
mod options;
mod partial_area;
mod persistence;
mod plackett_luce;
mod rank_pairs;
mod resampling;
mod retrieval;
mod row_order;
mod skeleton;
mod softmax;
mod ssim;
mod states;
mod strings;
mod thinning;
mod threads;
mod thresholds;
mod top_k;

#[pymodule(gil_used = false)]
mod _kernels {
    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_export]
    use super::all_pairs::{all_pairs, all_pairs_curvature_product};
    #[pymodule_export]
    use super::assignment::cheapest_columns;
    #[pymodule_export]
    use super::auc::{roc_auc, weighted_roc_auc};
    #[pymodule_export]
    use super::bit_allocation::integer_bit_allocation;
    #[pymodule_export]
    use super::bootstrap::bootstrap_ranking;
    #[pymodule_export]
    use super::boxes::{box_iou, soft_nms};
    #[pymodule_export]
    use super::brier::{binary_squared_error, multiclass_squared_error};
    #[pymodule_export]
    use super::calibration::{Calibration, reliability, reliability_bins};
    #[pymodule_export]
    use super::capped_simplex::capped_simplex_projection;
    #[pymodule_export]
    use super::columns::{column_average_precision, column_roc_auc, one_vs_one_roc_auc};
    #[pymodule_export]
    use super::confusion::{
        confusion_counts, confusion_integer_weights, confusion_weights, dense_confusion, label_range,
        tally_counts, tally_weights,
    };
    #[pymodule_export]
    use super::confusion_state::ConfusionCells;
    #[pymodule_export]
    use super::contingency::LabelPairs;
    #[pymodule_export]
    use super::crps::{crps_ensemble, crps_slopes, energy_score, energy_slopes};
    #[pymodule_export]
    use super::curves::{average_precision, curve};
    #[pymodule_export]
    use super::delong::{compare_areas, delong};
    #[pymodule_export]
    use super::entropy_coupling::greedy_coupling;
    #[pymodule_export]
    use super::grouped_auc::grouped_auc;
    #[pymodule_export]
    use super::isotonic::isotonic_fit;
    #[pymodule_export]
    use super::label_ranking::{label_coverage, label_ranking_average_precision, label_ranking_loss};
    #[pymodule_export]
    use super::mann_whitney::mann_whitney_u;
    #[pymodule_export]
    use super::operating_points::{equal_error_rate, true_accept_rates};
    #[pymodule_export]
    use super::partial_area::partial_area;
    #[pymodule_export]
    use super::persistence::{betti_matching, betti_numbers, euler_characteristic, persistence_pairs};
    #[pymodule_export]
    use super::plackett_luce::{plackett_luce, plackett_luce_fit, plackett_luce_matrix};
    #[pymodule_export]
    use super::rank_pairs::RankPairs;
    #[pymodule_export]
    use super::resampling::{PyResampler, resample_mean};
    #[pymodule_export]
    use super::retrieval::{label_retrieval, retrieval};
    #[pymodule_export]
    use super::row_order::falling_order;
    #[pymodule_export]
    use super::skeleton::skeletonize;
    #[pymodule_export]
    use super::softmax::{cross_entropy_terms, logsumexp, two_pass_softmax};
    #[pymodule_export]
    use super::ssim::ssim;
    #[pymodule_export]
    use super::states::{BoundedRanking, ExactRanking};
    #[pymodule_export]
    use super::strings::{object_codes, string_codes};
    #[pymodule_export]
    use super::thinning::thin;
    #[pymodule_export]
    use super::threads::{get_num_threads, set_num_threads};
    #[pymodule_export]
    use super::thresholds::{accuracy_per_fold, best_threshold};
    #[pymodule_export]
    use super::top_k::top_k_hits;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
