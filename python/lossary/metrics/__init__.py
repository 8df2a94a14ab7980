"""Exact metrics on NumPy arrays, under scikit-learn's names.

``f(y_true, y_score, *, sample_weight=None, ...)``. A name that ends in ``_score`` is better when higher, in
``_error`` or ``_loss`` when lower. Any array-like will do: NumPy, lists, torch on CPU, pandas, polars,
pyarrow.
"""

from lossary.metrics.agreement import cohen_kappa_score, hamming_loss, zero_one_loss
from lossary.metrics.auc import auc, roc_auc_score
from lossary.metrics.betti_numbers import BettiNumbers, betti_numbers, euler_characteristic
from lossary.metrics.betti_plot import plot_betti_matching
from lossary.metrics.boxes import box_iou
from lossary.metrics.brier import brier_score_loss
from lossary.metrics.calibration import (
    adaptive_calibration_error,
    classwise_calibration_error,
    expected_calibration_error,
    ks_calibration_error,
    maximum_calibration_error,
    top_label_brier_score,
)
from lossary.metrics.calibration_curve import (
    BrierDecomposition,
    ReliabilityDiagram,
    brier_score_decomposition,
    calibration_curve,
    reliability_diagram,
)
from lossary.metrics.class_separation import inter_intra_class_nearest_neighbors_score
from lossary.metrics.cldice import cldice
from lossary.metrics.clustering import clustering_accuracy
from lossary.metrics.comparison import RocAucComparison, compare_roc_auc
from lossary.metrics.confidence import Confidence, Interval
from lossary.metrics.confusion import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    geometric_mean_score,
    matthews_corrcoef,
)
from lossary.metrics.curves import average_precision_score, det_curve, precision_recall_curve, roc_curve
from lossary.metrics.embedding_geometry import effective_rank, embedding_utilization, intra_class_tolerance
from lossary.metrics.embedding_retrieval import retrieval_report
from lossary.metrics.ensemble_reliability import SpreadSkill, rank_histogram, spread_skill_ratio
from lossary.metrics.ensembles import crps_ensemble, crps_gaussian, energy_score
from lossary.metrics.f_divergences import f_divergence
from lossary.metrics.generators import InceptionScore, gaussian_frechet_distance, inception_score
from lossary.metrics.grouped import grouped_auc
from lossary.metrics.hinge import hinge_loss
from lossary.metrics.kendall import kendall_tau, kendall_test, weighted_kendall_tau
from lossary.metrics.kernel_alignment import kernel_target_alignment, linear_cka
from lossary.metrics.label_ranking import (
    coverage_error,
    label_ranking_average_precision_score,
    label_ranking_loss,
)
from lossary.metrics.learning_rates import LearningRateSensitivity, learning_rate_sensitivity
from lossary.metrics.likelihood_ratios import class_likelihood_ratios
from lossary.metrics.log_loss import d2_log_loss_score, log_loss
from lossary.metrics.mann_whitney import mann_whitney_u
from lossary.metrics.mask_sets import generalized_energy_distance
from lossary.metrics.modified_entropy import modified_entropy
from lossary.metrics.multilabel_confusion import multilabel_confusion_matrix
from lossary.metrics.mutual_information import adjusted_mutual_info_score, normalized_mutual_info_score
from lossary.metrics.ndcg import dcg_score, ndcg_at_k, ndcg_score
from lossary.metrics.neural_collapse import NeuralCollapse, neural_collapse
from lossary.metrics.normality import bhep
from lossary.metrics.out_of_distribution import (
    MahalanobisConfidence,
    detection_accuracy,
    fpr_at_tpr,
    mahalanobis_confidence,
)
from lossary.metrics.partial import partial_auc
from lossary.metrics.persistence import (
    BettiMatchingPairs,
    MatchRecord,
    PairRecord,
    PersistencePairs,
    betti_matching_pairs,
    persistence_pairs,
)
from lossary.metrics.precision_recall import (
    f1_score,
    fbeta_score,
    jaccard_score,
    precision_recall_fscore_support,
    precision_score,
    recall_score,
)
from lossary.metrics.predictive_mixture import PredictiveMixture, predictive_mixture
from lossary.metrics.rank_pairs import RankTest
from lossary.metrics.recalibration import (
    IsotonicCalibrator,
    TemperatureScaling,
    fit_isotonic,
    fit_temperature,
)
from lossary.metrics.recovery import normalized_mean_squared_error
from lossary.metrics.relative_error import relative_l2_error
from lossary.metrics.report import classification_report
from lossary.metrics.retrieval import (
    map_at_r,
    mean_average_precision,
    mean_reciprocal_rank,
    precision_at_k,
    r_precision,
    recall_at_k,
)
from lossary.metrics.skeleton import skeletonize
from lossary.metrics.softmax_collapse import naive_loss_minimization_alignment, softmax_collapse_fraction
from lossary.metrics.spearman import spearman_rho, spearman_test
from lossary.metrics.ssim import ms_ssim_score, ssim_score
from lossary.metrics.threshold_sweep import confusion_matrix_at_thresholds, metric_at_thresholds
from lossary.metrics.thresholds import ThresholdChoice, ThresholdChoices, best_threshold
from lossary.metrics.top_k import top_k_accuracy_score
from lossary.metrics.topology_errors import (
    BettiErrors,
    EulerErrors,
    betti_matching_error,
    betti_number_error,
    euler_characteristic_error,
)
from lossary.metrics.trajectories import TrajectoryReport, trajectory_report
from lossary.metrics.unlearning import forget_quality, truth_ratio
from lossary.metrics.verification import equal_error_rate, tar_at_far, true_accept_rate, verification_accuracy
from lossary.metrics.voronoi_parameter_error import VoronoiParameterError, voronoi_parameter_error

__all__ = [
    "BettiErrors",
    "BettiMatchingPairs",
    "BettiNumbers",
    "BrierDecomposition",
    "Confidence",
    "EulerErrors",
    "InceptionScore",
    "Interval",
    "IsotonicCalibrator",
    "LearningRateSensitivity",
    "MahalanobisConfidence",
    "MatchRecord",
    "NeuralCollapse",
    "PairRecord",
    "PersistencePairs",
    "PredictiveMixture",
    "RankTest",
    "ReliabilityDiagram",
    "RocAucComparison",
    "SpreadSkill",
    "TemperatureScaling",
    "ThresholdChoice",
    "ThresholdChoices",
    "TrajectoryReport",
    "VoronoiParameterError",
    "accuracy_score",
    "adaptive_calibration_error",
    "adjusted_mutual_info_score",
    "auc",
    "average_precision_score",
    "balanced_accuracy_score",
    "best_threshold",
    "betti_matching_error",
    "betti_matching_pairs",
    "betti_number_error",
    "betti_numbers",
    "bhep",
    "box_iou",
    "brier_score_decomposition",
    "brier_score_loss",
    "calibration_curve",
    "class_likelihood_ratios",
    "classification_report",
    "classwise_calibration_error",
    "cldice",
    "clustering_accuracy",
    "cohen_kappa_score",
    "compare_roc_auc",
    "confusion_matrix",
    "confusion_matrix_at_thresholds",
    "coverage_error",
    "crps_ensemble",
    "crps_gaussian",
    "d2_log_loss_score",
    "dcg_score",
    "det_curve",
    "detection_accuracy",
    "effective_rank",
    "embedding_utilization",
    "energy_score",
    "equal_error_rate",
    "euler_characteristic",
    "euler_characteristic_error",
    "expected_calibration_error",
    "f1_score",
    "f_divergence",
    "fbeta_score",
    "fit_isotonic",
    "fit_temperature",
    "forget_quality",
    "fpr_at_tpr",
    "gaussian_frechet_distance",
    "generalized_energy_distance",
    "geometric_mean_score",
    "grouped_auc",
    "hamming_loss",
    "hinge_loss",
    "inception_score",
    "inter_intra_class_nearest_neighbors_score",
    "intra_class_tolerance",
    "jaccard_score",
    "kendall_tau",
    "kendall_test",
    "kernel_target_alignment",
    "ks_calibration_error",
    "label_ranking_average_precision_score",
    "label_ranking_loss",
    "learning_rate_sensitivity",
    "linear_cka",
    "log_loss",
    "mahalanobis_confidence",
    "mann_whitney_u",
    "map_at_r",
    "matthews_corrcoef",
    "maximum_calibration_error",
    "mean_average_precision",
    "mean_reciprocal_rank",
    "metric_at_thresholds",
    "modified_entropy",
    "ms_ssim_score",
    "multilabel_confusion_matrix",
    "naive_loss_minimization_alignment",
    "ndcg_at_k",
    "ndcg_score",
    "neural_collapse",
    "normalized_mean_squared_error",
    "normalized_mutual_info_score",
    "partial_auc",
    "persistence_pairs",
    "plot_betti_matching",
    "precision_at_k",
    "precision_recall_curve",
    "precision_recall_fscore_support",
    "precision_score",
    "predictive_mixture",
    "r_precision",
    "rank_histogram",
    "recall_at_k",
    "recall_score",
    "relative_l2_error",
    "reliability_diagram",
    "retrieval_report",
    "roc_auc_score",
    "roc_curve",
    "skeletonize",
    "softmax_collapse_fraction",
    "spearman_rho",
    "spearman_test",
    "spread_skill_ratio",
    "ssim_score",
    "tar_at_far",
    "top_k_accuracy_score",
    "top_label_brier_score",
    "trajectory_report",
    "true_accept_rate",
    "truth_ratio",
    "verification_accuracy",
    "voronoi_parameter_error",
    "weighted_kendall_tau",
    "zero_one_loss",
]
