# written by docs/generate.py: run `make docs` instead of editing

from lossary.losses.auc.auc_margin import AucMargin as AucMargin
from lossary.losses.auc.auc_margin import auc_margin as auc_margin
from lossary.losses.auc.average_precision_surrogate import (
    AveragePrecisionSurrogate as AveragePrecisionSurrogate,
)
from lossary.losses.auc.average_precision_surrogate import (
    average_precision_surrogate as average_precision_surrogate,
)
from lossary.losses.auc.mann_whitney import MannWhitney as MannWhitney
from lossary.losses.auc.mann_whitney import mann_whitney as mann_whitney
from lossary.losses.auc.mann_whitney_retrieval import MannWhitneyRetrieval as MannWhitneyRetrieval
from lossary.losses.auc.mann_whitney_retrieval import mann_whitney_retrieval as mann_whitney_retrieval
from lossary.losses.auc.mann_whitney_scores import MannWhitneyScores as MannWhitneyScores
from lossary.losses.auc.mann_whitney_scores import mann_whitney_scores as mann_whitney_scores
from lossary.losses.auc.pairwise_auc import PairwiseAuc as PairwiseAuc
from lossary.losses.auc.pairwise_auc import pairwise_auc as pairwise_auc
from lossary.losses.auc.partial_auc_cvar import PartialAucCvar as PartialAucCvar
from lossary.losses.auc.partial_auc_cvar import partial_auc_cvar as partial_auc_cvar
from lossary.losses.auc.partial_auc_kl import PartialAucKl as PartialAucKl
from lossary.losses.auc.partial_auc_kl import partial_auc_kl as partial_auc_kl
from lossary.losses.auc.two_way_partial_auc_kl import TwoWayPartialAucKl as TwoWayPartialAucKl
from lossary.losses.auc.two_way_partial_auc_kl import two_way_partial_auc_kl as two_way_partial_auc_kl
from lossary.losses.classification.adaptive_label_distributionally_robust import (
    AdaptiveLabelDistributionallyRobust as AdaptiveLabelDistributionallyRobust,
)
from lossary.losses.classification.adaptive_label_distributionally_robust import (
    adaptive_label_distributionally_robust as adaptive_label_distributionally_robust,
)
from lossary.losses.classification.aggregate_response import AggregateResponse as AggregateResponse
from lossary.losses.classification.aggregate_response import aggregate_response as aggregate_response
from lossary.losses.classification.attention_entropy import AttentionEntropy as AttentionEntropy
from lossary.losses.classification.attention_entropy import attention_entropy as attention_entropy
from lossary.losses.classification.binary_hinge import BinaryHinge as BinaryHinge
from lossary.losses.classification.binary_hinge import binary_hinge as binary_hinge
from lossary.losses.classification.calibrated_loss_ensemble import (
    CalibratedLossEnsemble as CalibratedLossEnsemble,
)
from lossary.losses.classification.calibrated_loss_ensemble import (
    calibrated_loss_ensemble as calibrated_loss_ensemble,
)
from lossary.losses.classification.class_variance import ClassVariance as ClassVariance
from lossary.losses.classification.class_variance import class_variance as class_variance
from lossary.losses.classification.co_teaching import CoTeaching as CoTeaching
from lossary.losses.classification.co_teaching import co_teaching as co_teaching
from lossary.losses.classification.comp_sum import CompSum as CompSum
from lossary.losses.classification.comp_sum import comp_sum as comp_sum
from lossary.losses.classification.correctness_aware_calibration import (
    CorrectnessAwareCalibration as CorrectnessAwareCalibration,
)
from lossary.losses.classification.correctness_aware_calibration import (
    correctness_aware_calibration as correctness_aware_calibration,
)
from lossary.losses.classification.cross_entropy_with_z_loss import (
    CrossEntropyWithZLoss as CrossEntropyWithZLoss,
)
from lossary.losses.classification.cross_entropy_with_z_loss import (
    cross_entropy_with_z_loss as cross_entropy_with_z_loss,
)
from lossary.losses.classification.gaussian_negative_log_likelihood import (
    GaussianNegativeLogLikelihood as GaussianNegativeLogLikelihood,
)
from lossary.losses.classification.gaussian_negative_log_likelihood import (
    gaussian_negative_log_likelihood as gaussian_negative_log_likelihood,
)
from lossary.losses.classification.label_correlation import LabelCorrelation as LabelCorrelation
from lossary.losses.classification.label_correlation import label_correlation as label_correlation
from lossary.losses.classification.label_distributionally_robust import (
    LabelDistributionallyRobust as LabelDistributionallyRobust,
)
from lossary.losses.classification.label_distributionally_robust import (
    label_distributionally_robust as label_distributionally_robust,
)
from lossary.losses.classification.logit_z_loss import LogitZLoss as LogitZLoss
from lossary.losses.classification.logit_z_loss import logit_z_loss as logit_z_loss
from lossary.losses.classification.margin_control import MarginControl as MarginControl
from lossary.losses.classification.margin_control import margin_control as margin_control
from lossary.losses.classification.max_negative_rank import MaxNegativeRank as MaxNegativeRank
from lossary.losses.classification.max_negative_rank import max_negative_rank as max_negative_rank
from lossary.losses.classification.negative_learning import NegativeLearning as NegativeLearning
from lossary.losses.classification.negative_learning import negative_learning as negative_learning
from lossary.losses.classification.normalized_logistic import NormalizedLogistic as NormalizedLogistic
from lossary.losses.classification.normalized_logistic import normalized_logistic as normalized_logistic
from lossary.losses.classification.one_vs_rest_hinge import OneVsRestHinge as OneVsRestHinge
from lossary.losses.classification.one_vs_rest_hinge import one_vs_rest_hinge as one_vs_rest_hinge
from lossary.losses.classification.prediction_entropy import PredictionEntropy as PredictionEntropy
from lossary.losses.classification.prediction_entropy import prediction_entropy as prediction_entropy
from lossary.losses.classification.sigmoid_margin import SigmoidMargin as SigmoidMargin
from lossary.losses.classification.sigmoid_margin import sigmoid_margin as sigmoid_margin
from lossary.losses.classification.similarity_distance_magnitude_cross_entropy import (
    SimilarityDistanceMagnitudeCrossEntropy as SimilarityDistanceMagnitudeCrossEntropy,
)
from lossary.losses.classification.similarity_distance_magnitude_cross_entropy import (
    similarity_distance_magnitude_cross_entropy as similarity_distance_magnitude_cross_entropy,
)
from lossary.losses.classification.smooth_adversarial_comp_sum import (
    SmoothAdversarialCompSum as SmoothAdversarialCompSum,
)
from lossary.losses.classification.smooth_adversarial_comp_sum import (
    smooth_adversarial_comp_sum as smooth_adversarial_comp_sum,
)
from lossary.losses.classification.softmax_regression import SoftmaxRegression as SoftmaxRegression
from lossary.losses.classification.softmax_regression import softmax_regression as softmax_regression
from lossary.losses.classification.spherical_softmax import SphericalSoftmax as SphericalSoftmax
from lossary.losses.classification.spherical_softmax import spherical_softmax as spherical_softmax
from lossary.losses.classification.spherical_z import SphericalZ as SphericalZ
from lossary.losses.classification.spherical_z import spherical_z as spherical_z
from lossary.losses.classification.stablemax_cross_entropy import (
    StablemaxCrossEntropy as StablemaxCrossEntropy,
)
from lossary.losses.classification.stablemax_cross_entropy import (
    stablemax_cross_entropy as stablemax_cross_entropy,
)
from lossary.losses.classification.svm_hinge import SvmHinge as SvmHinge
from lossary.losses.classification.svm_hinge import svm_hinge as svm_hinge
from lossary.losses.classification.target_surrogate import TargetSurrogate as TargetSurrogate
from lossary.losses.classification.target_surrogate import target_surrogate as target_surrogate
from lossary.losses.classification.taylor_softmax import TaylorSoftmax as TaylorSoftmax
from lossary.losses.classification.taylor_softmax import taylor_softmax as taylor_softmax
from lossary.losses.classification.top_k_label_distributionally_robust import (
    TopKLabelDistributionallyRobust as TopKLabelDistributionallyRobust,
)
from lossary.losses.classification.top_k_label_distributionally_robust import (
    top_k_label_distributionally_robust as top_k_label_distributionally_robust,
)
from lossary.losses.contrastive_learning.adaptive_multi_head_contrastive import (
    AdaptiveMultiHeadContrastive as AdaptiveMultiHeadContrastive,
)
from lossary.losses.contrastive_learning.adaptive_multi_head_contrastive import (
    adaptive_multi_head_contrastive as adaptive_multi_head_contrastive,
)
from lossary.losses.contrastive_learning.alignment import Alignment as Alignment
from lossary.losses.contrastive_learning.alignment import alignment as alignment
from lossary.losses.contrastive_learning.contrastive_attraction_repulsion import (
    ContrastiveAttractionRepulsion as ContrastiveAttractionRepulsion,
)
from lossary.losses.contrastive_learning.contrastive_attraction_repulsion import (
    contrastive_attraction_repulsion as contrastive_attraction_repulsion,
)
from lossary.losses.contrastive_learning.decoupled_contrastive import (
    DecoupledContrastive as DecoupledContrastive,
)
from lossary.losses.contrastive_learning.decoupled_contrastive import (
    decoupled_contrastive as decoupled_contrastive,
)
from lossary.losses.contrastive_learning.hard_info_nce import HardInfoNce as HardInfoNce
from lossary.losses.contrastive_learning.hard_info_nce import hard_info_nce as hard_info_nce
from lossary.losses.contrastive_learning.info_nce import InfoNce as InfoNce
from lossary.losses.contrastive_learning.info_nce import info_nce as info_nce
from lossary.losses.contrastive_learning.multi_positive_info_nce import (
    MultiPositiveInfoNce as MultiPositiveInfoNce,
)
from lossary.losses.contrastive_learning.multi_positive_info_nce import (
    multi_positive_info_nce as multi_positive_info_nce,
)
from lossary.losses.contrastive_learning.multilabel_contrastive import (
    MultilabelContrastive as MultilabelContrastive,
)
from lossary.losses.contrastive_learning.multilabel_contrastive import (
    multilabel_contrastive as multilabel_contrastive,
)
from lossary.losses.contrastive_learning.nt_xent import NtXent as NtXent
from lossary.losses.contrastive_learning.nt_xent import nt_xent as nt_xent
from lossary.losses.contrastive_learning.robust_contrastive import RobustContrastive as RobustContrastive
from lossary.losses.contrastive_learning.robust_contrastive import robust_contrastive as robust_contrastive
from lossary.losses.contrastive_learning.simple_contrastive import SimpleContrastive as SimpleContrastive
from lossary.losses.contrastive_learning.simple_contrastive import simple_contrastive as simple_contrastive
from lossary.losses.contrastive_learning.uniformity import Uniformity as Uniformity
from lossary.losses.contrastive_learning.uniformity import uniformity as uniformity
from lossary.losses.distillation.binary_kl_distillation import BinaryKlDistillation as BinaryKlDistillation
from lossary.losses.distillation.binary_kl_distillation import (
    binary_kl_distillation as binary_kl_distillation,
)
from lossary.losses.distillation.binary_kl_norm_distillation import (
    BinaryKlNormDistillation as BinaryKlNormDistillation,
)
from lossary.losses.distillation.binary_kl_norm_distillation import (
    binary_kl_norm_distillation as binary_kl_norm_distillation,
)
from lossary.losses.distillation.correlation_distillation import (
    CorrelationDistillation as CorrelationDistillation,
)
from lossary.losses.distillation.correlation_distillation import (
    correlation_distillation as correlation_distillation,
)
from lossary.losses.distillation.decoupled_knowledge_distillation import (
    DecoupledKnowledgeDistillation as DecoupledKnowledgeDistillation,
)
from lossary.losses.distillation.decoupled_knowledge_distillation import (
    decoupled_knowledge_distillation as decoupled_knowledge_distillation,
)
from lossary.losses.distillation.dual_head_distillation import DualHeadDistillation as DualHeadDistillation
from lossary.losses.distillation.dual_head_distillation import (
    dual_head_distillation as dual_head_distillation,
)
from lossary.losses.distillation.knowledge_distillation import KnowledgeDistillation as KnowledgeDistillation
from lossary.losses.distillation.knowledge_distillation import (
    knowledge_distillation as knowledge_distillation,
)
from lossary.losses.distillation.normalized_knowledge_distillation import (
    NormalizedKnowledgeDistillation as NormalizedKnowledgeDistillation,
)
from lossary.losses.distillation.normalized_knowledge_distillation import (
    normalized_knowledge_distillation as normalized_knowledge_distillation,
)
from lossary.losses.distillation.plackett_luce_distillation import (
    PlackettLuceDistillation as PlackettLuceDistillation,
)
from lossary.losses.distillation.plackett_luce_distillation import (
    plackett_luce_distillation as plackett_luce_distillation,
)
from lossary.losses.distillation.trajectory_consistency import TrajectoryConsistency as TrajectoryConsistency
from lossary.losses.distillation.trajectory_consistency import (
    trajectory_consistency as trajectory_consistency,
)
from lossary.losses.distillation.universal_self_knowledge_distillation import (
    UniversalSelfKnowledgeDistillation as UniversalSelfKnowledgeDistillation,
)
from lossary.losses.distillation.universal_self_knowledge_distillation import (
    universal_self_knowledge_distillation as universal_self_knowledge_distillation,
)
from lossary.losses.distributions.cauchy_schwarz_divergence import (
    CauchySchwarzDivergence as CauchySchwarzDivergence,
)
from lossary.losses.distributions.cauchy_schwarz_divergence import (
    cauchy_schwarz_divergence as cauchy_schwarz_divergence,
)
from lossary.losses.distributions.cauchy_schwarz_information_bottleneck import (
    CauchySchwarzInformationBottleneck as CauchySchwarzInformationBottleneck,
)
from lossary.losses.distributions.cauchy_schwarz_information_bottleneck import (
    cauchy_schwarz_information_bottleneck as cauchy_schwarz_information_bottleneck,
)
from lossary.losses.distributions.cauchy_schwarz_mutual_information import (
    CauchySchwarzMutualInformation as CauchySchwarzMutualInformation,
)
from lossary.losses.distributions.cauchy_schwarz_mutual_information import (
    cauchy_schwarz_mutual_information as cauchy_schwarz_mutual_information,
)
from lossary.losses.distributions.compositional_likelihood import (
    CompositionalLikelihood as CompositionalLikelihood,
)
from lossary.losses.distributions.compositional_likelihood import (
    compositional_likelihood as compositional_likelihood,
)
from lossary.losses.distributions.conditional_cauchy_schwarz_divergence import (
    ConditionalCauchySchwarzDivergence as ConditionalCauchySchwarzDivergence,
)
from lossary.losses.distributions.conditional_cauchy_schwarz_divergence import (
    conditional_cauchy_schwarz_divergence as conditional_cauchy_schwarz_divergence,
)
from lossary.losses.distributions.crps_ensemble import CrpsEnsemble as CrpsEnsemble
from lossary.losses.distributions.crps_ensemble import crps_ensemble as crps_ensemble
from lossary.losses.distributions.crps_gaussian import CrpsGaussian as CrpsGaussian
from lossary.losses.distributions.crps_gaussian import crps_gaussian as crps_gaussian
from lossary.losses.distributions.energy_score import EnergyScore as EnergyScore
from lossary.losses.distributions.energy_score import energy_score as energy_score
from lossary.losses.distributions.exponential_noise_contrastive import (
    ExponentialNoiseContrastive as ExponentialNoiseContrastive,
)
from lossary.losses.distributions.exponential_noise_contrastive import (
    exponential_noise_contrastive as exponential_noise_contrastive,
)
from lossary.losses.distributions.f_distillation import FDistillation as FDistillation
from lossary.losses.distributions.f_distillation import f_distillation as f_distillation
from lossary.losses.distributions.frechet_distance import FrechetDistance as FrechetDistance
from lossary.losses.distributions.frechet_distance import frechet_distance as frechet_distance
from lossary.losses.distributions.kernel_distance import KernelDistance as KernelDistance
from lossary.losses.distributions.kernel_distance import kernel_distance as kernel_distance
from lossary.losses.distributions.multi_kernel_mmd import MultiKernelMmd as MultiKernelMmd
from lossary.losses.distributions.multi_kernel_mmd import multi_kernel_mmd as multi_kernel_mmd
from lossary.losses.distributions.noise_contrastive import NoiseContrastive as NoiseContrastive
from lossary.losses.distributions.noise_contrastive import noise_contrastive as noise_contrastive
from lossary.losses.distributions.sinkhorn_divergence import SinkhornDivergence as SinkhornDivergence
from lossary.losses.distributions.sinkhorn_divergence import sinkhorn_divergence as sinkhorn_divergence
from lossary.losses.distributions.spectral_crps import SpectralCrps as SpectralCrps
from lossary.losses.distributions.spectral_crps import spectral_crps as spectral_crps
from lossary.losses.imbalance.anyloss import Anyloss as Anyloss
from lossary.losses.imbalance.anyloss import anyloss as anyloss
from lossary.losses.imbalance.binary_tversky import BinaryTversky as BinaryTversky
from lossary.losses.imbalance.binary_tversky import binary_tversky as binary_tversky
from lossary.losses.imbalance.likelihood_weighted import LikelihoodWeighted as LikelihoodWeighted
from lossary.losses.imbalance.likelihood_weighted import likelihood_weighted as likelihood_weighted
from lossary.losses.imbalance.self_adjusting_dice import SelfAdjustingDice as SelfAdjustingDice
from lossary.losses.imbalance.self_adjusting_dice import self_adjusting_dice as self_adjusting_dice
from lossary.losses.margin_heads.adaptive_margin_softmax import AdaptiveMarginSoftmax as AdaptiveMarginSoftmax
from lossary.losses.margin_heads.adaptive_margin_softmax import (
    adaptive_margin_softmax as adaptive_margin_softmax,
)
from lossary.losses.margin_heads.arcface import Arcface as Arcface
from lossary.losses.margin_heads.arcface import arcface as arcface
from lossary.losses.margin_heads.cosface import Cosface as Cosface
from lossary.losses.margin_heads.cosface import cosface as cosface
from lossary.losses.margin_heads.elastic_arcface import ElasticArcface as ElasticArcface
from lossary.losses.margin_heads.elastic_arcface import elastic_arcface as elastic_arcface
from lossary.losses.margin_heads.elastic_cosface import ElasticCosface as ElasticCosface
from lossary.losses.margin_heads.elastic_cosface import elastic_cosface as elastic_cosface
from lossary.losses.margin_heads.magface import Magface as Magface
from lossary.losses.margin_heads.magface import magface as magface
from lossary.losses.margin_heads.normalized_softmax import NormalizedSoftmax as NormalizedSoftmax
from lossary.losses.margin_heads.normalized_softmax import normalized_softmax as normalized_softmax
from lossary.losses.margin_heads.sigmoid_constrained_hypersphere import (
    SigmoidConstrainedHypersphere as SigmoidConstrainedHypersphere,
)
from lossary.losses.margin_heads.sigmoid_constrained_hypersphere import (
    sigmoid_constrained_hypersphere as sigmoid_constrained_hypersphere,
)
from lossary.losses.margin_heads.sphereface import Sphereface as Sphereface
from lossary.losses.margin_heads.sphereface import sphereface as sphereface
from lossary.losses.metric_learning.binomial_deviance import BinomialDeviance as BinomialDeviance
from lossary.losses.metric_learning.binomial_deviance import binomial_deviance as binomial_deviance
from lossary.losses.metric_learning.center_contrastive import CenterContrastive as CenterContrastive
from lossary.losses.metric_learning.center_contrastive import center_contrastive as center_contrastive
from lossary.losses.metric_learning.contrastive import Contrastive as Contrastive
from lossary.losses.metric_learning.contrastive import contrastive as contrastive
from lossary.losses.metric_learning.general_pair_weighting import GeneralPairWeighting as GeneralPairWeighting
from lossary.losses.metric_learning.general_pair_weighting import (
    general_pair_weighting as general_pair_weighting,
)
from lossary.losses.metric_learning.half_symmetry import HalfSymmetry as HalfSymmetry
from lossary.losses.metric_learning.half_symmetry import half_symmetry as half_symmetry
from lossary.losses.metric_learning.hyperbolic_cross_entropy import (
    HyperbolicCrossEntropy as HyperbolicCrossEntropy,
)
from lossary.losses.metric_learning.hyperbolic_cross_entropy import (
    hyperbolic_cross_entropy as hyperbolic_cross_entropy,
)
from lossary.losses.metric_learning.hyperbolic_pairwise_confusion import (
    HyperbolicPairwiseConfusion as HyperbolicPairwiseConfusion,
)
from lossary.losses.metric_learning.hyperbolic_pairwise_confusion import (
    hyperbolic_pairwise_confusion as hyperbolic_pairwise_confusion,
)
from lossary.losses.metric_learning.inter_intra_class_nearest_neighbors import (
    InterIntraClassNearestNeighbors as InterIntraClassNearestNeighbors,
)
from lossary.losses.metric_learning.inter_intra_class_nearest_neighbors import (
    inter_intra_class_nearest_neighbors as inter_intra_class_nearest_neighbors,
)
from lossary.losses.metric_learning.lifted_structure import LiftedStructure as LiftedStructure
from lossary.losses.metric_learning.lifted_structure import lifted_structure as lifted_structure
from lossary.losses.metric_learning.mixup_pair import MixupPair as MixupPair
from lossary.losses.metric_learning.mixup_pair import mixup_pair as mixup_pair
from lossary.losses.metric_learning.multi_similarity import MultiSimilarity as MultiSimilarity
from lossary.losses.metric_learning.multi_similarity import multi_similarity as multi_similarity
from lossary.losses.metric_learning.n_pair import NPair as NPair
from lossary.losses.metric_learning.n_pair import n_pair as n_pair
from lossary.losses.metric_learning.orthogonal_projection import OrthogonalProjection as OrthogonalProjection
from lossary.losses.metric_learning.orthogonal_projection import (
    orthogonal_projection as orthogonal_projection,
)
from lossary.losses.metric_learning.perpetual_orthogonal_projection import (
    PerpetualOrthogonalProjection as PerpetualOrthogonalProjection,
)
from lossary.losses.metric_learning.perpetual_orthogonal_projection import (
    perpetual_orthogonal_projection as perpetual_orthogonal_projection,
)
from lossary.losses.metric_learning.proto_triplet import ProtoTriplet as ProtoTriplet
from lossary.losses.metric_learning.proto_triplet import proto_triplet as proto_triplet
from lossary.losses.metric_learning.relative_entropy_clustering import (
    RelativeEntropyClustering as RelativeEntropyClustering,
)
from lossary.losses.metric_learning.relative_entropy_clustering import (
    relative_entropy_clustering as relative_entropy_clustering,
)
from lossary.losses.metric_learning.triplet import Triplet as Triplet
from lossary.losses.metric_learning.triplet import triplet as triplet
from lossary.losses.metric_learning.unified_negative_pair import UnifiedNegativePair as UnifiedNegativePair
from lossary.losses.metric_learning.unified_negative_pair import (
    unified_negative_pair as unified_negative_pair,
)
from lossary.losses.ranking.bayesian_personalized_ranking import (
    BayesianPersonalizedRanking as BayesianPersonalizedRanking,
)
from lossary.losses.ranking.bayesian_personalized_ranking import (
    bayesian_personalized_ranking as bayesian_personalized_ranking,
)
from lossary.losses.ranking.lambda_loss import LambdaLoss as LambdaLoss
from lossary.losses.ranking.lambda_loss import lambda_loss as lambda_loss
from lossary.losses.ranking.lambda_reciprocal_rank import LambdaReciprocalRank as LambdaReciprocalRank
from lossary.losses.ranking.lambda_reciprocal_rank import lambda_reciprocal_rank as lambda_reciprocal_rank
from lossary.losses.ranking.list_mle import ListMle as ListMle
from lossary.losses.ranking.list_mle import list_mle as list_mle
from lossary.losses.ranking.list_net import ListNet as ListNet
from lossary.losses.ranking.list_net import list_net as list_net
from lossary.losses.ranking.order_search import OrderSearch as OrderSearch
from lossary.losses.ranking.order_search import order_search as order_search
from lossary.losses.ranking.permutation_invariant_cross_entropy import (
    PermutationInvariantCrossEntropy as PermutationInvariantCrossEntropy,
)
from lossary.losses.ranking.permutation_invariant_cross_entropy import (
    permutation_invariant_cross_entropy as permutation_invariant_cross_entropy,
)
from lossary.losses.ranking.plackett_luce import PlackettLuce as PlackettLuce
from lossary.losses.ranking.plackett_luce import plackett_luce as plackett_luce
from lossary.losses.ranking.position_aware_list_mle import PositionAwareListMle as PositionAwareListMle
from lossary.losses.ranking.position_aware_list_mle import position_aware_list_mle as position_aware_list_mle
from lossary.losses.ranking.propensity_weighted_listwise import (
    PropensityWeightedListwise as PropensityWeightedListwise,
)
from lossary.losses.ranking.propensity_weighted_listwise import (
    propensity_weighted_listwise as propensity_weighted_listwise,
)
from lossary.losses.ranking.soft_top_k import SoftTopK as SoftTopK
from lossary.losses.ranking.soft_top_k import soft_top_k as soft_top_k
from lossary.losses.retrieval.adversarial_retriever import AdversarialRetriever as AdversarialRetriever
from lossary.losses.retrieval.adversarial_retriever import adversarial_retriever as adversarial_retriever
from lossary.losses.retrieval.comparative_regularization import (
    ComparativeRegularization as ComparativeRegularization,
)
from lossary.losses.retrieval.comparative_regularization import (
    comparative_regularization as comparative_regularization,
)
from lossary.losses.retrieval.decoupled_softmax import DecoupledSoftmax as DecoupledSoftmax
from lossary.losses.retrieval.decoupled_softmax import decoupled_softmax as decoupled_softmax
from lossary.losses.retrieval.online_hard_negative_triplet import (
    OnlineHardNegativeTriplet as OnlineHardNegativeTriplet,
)
from lossary.losses.retrieval.online_hard_negative_triplet import (
    online_hard_negative_triplet as online_hard_negative_triplet,
)
from lossary.losses.retrieval.pairwise_logistic_retrieval import (
    PairwiseLogisticRetrieval as PairwiseLogisticRetrieval,
)
from lossary.losses.retrieval.pairwise_logistic_retrieval import (
    pairwise_logistic_retrieval as pairwise_logistic_retrieval,
)
from lossary.losses.retrieval.soft_info_nce import SoftInfoNce as SoftInfoNce
from lossary.losses.retrieval.soft_info_nce import soft_info_nce as soft_info_nce
from lossary.losses.retrieval.soft_label_alignment import SoftLabelAlignment as SoftLabelAlignment
from lossary.losses.retrieval.soft_label_alignment import soft_label_alignment as soft_label_alignment
from lossary.losses.robustness.bone_length_consistency import BoneLengthConsistency as BoneLengthConsistency
from lossary.losses.robustness.bone_length_consistency import (
    bone_length_consistency as bone_length_consistency,
)
from lossary.losses.robustness.kl_robust_reweighting import KlRobustReweighting as KlRobustReweighting
from lossary.losses.robustness.kl_robust_reweighting import kl_robust_reweighting as kl_robust_reweighting
from lossary.losses.robustness.motion_derivative_consistency import (
    MotionDerivativeConsistency as MotionDerivativeConsistency,
)
from lossary.losses.robustness.motion_derivative_consistency import (
    motion_derivative_consistency as motion_derivative_consistency,
)
from lossary.losses.robustness.multi_teacher_adversarial_distillation import (
    MultiTeacherAdversarialDistillation as MultiTeacherAdversarialDistillation,
)
from lossary.losses.robustness.multi_teacher_adversarial_distillation import (
    multi_teacher_adversarial_distillation as multi_teacher_adversarial_distillation,
)
from lossary.losses.robustness.robust_self_supervised_linear import (
    RobustSelfSupervisedLinear as RobustSelfSupervisedLinear,
)
from lossary.losses.robustness.robust_self_supervised_linear import (
    robust_self_supervised_linear as robust_self_supervised_linear,
)
from lossary.losses.robustness.trades import Trades as Trades
from lossary.losses.robustness.trades import trades as trades
from lossary.losses.robustness.weighted_energy_adversarial import (
    WeightedEnergyAdversarial as WeightedEnergyAdversarial,
)
from lossary.losses.robustness.weighted_energy_adversarial import (
    weighted_energy_adversarial as weighted_energy_adversarial,
)
from lossary.losses.segmentation.betti_matching import BettiMatching as BettiMatching
from lossary.losses.segmentation.betti_matching import betti_matching as betti_matching
from lossary.losses.segmentation.branch_disagreement import BranchDisagreement as BranchDisagreement
from lossary.losses.segmentation.branch_disagreement import branch_disagreement as branch_disagreement
from lossary.losses.segmentation.dice import Dice as Dice
from lossary.losses.segmentation.dice import dice as dice
from lossary.losses.segmentation.jaccard import Jaccard as Jaccard
from lossary.losses.segmentation.jaccard import jaccard as jaccard
from lossary.losses.segmentation.prior_aware_entropy import PriorAwareEntropy as PriorAwareEntropy
from lossary.losses.segmentation.prior_aware_entropy import prior_aware_entropy as prior_aware_entropy
from lossary.losses.segmentation.soft_cldice import SoftCldice as SoftCldice
from lossary.losses.segmentation.soft_cldice import soft_cldice as soft_cldice
from lossary.losses.segmentation.tversky import Tversky as Tversky
from lossary.losses.segmentation.tversky import tversky as tversky
from lossary.losses.self_supervised.brownian_diffusive import BrownianDiffusive as BrownianDiffusive
from lossary.losses.self_supervised.brownian_diffusive import brownian_diffusive as brownian_diffusive
from lossary.losses.self_supervised.contractive_reconstruction import (
    ContractiveReconstruction as ContractiveReconstruction,
)
from lossary.losses.self_supervised.contractive_reconstruction import (
    contractive_reconstruction as contractive_reconstruction,
)
from lossary.losses.self_supervised.epps_pulley import EppsPulley as EppsPulley
from lossary.losses.self_supervised.epps_pulley import epps_pulley as epps_pulley
from lossary.losses.self_supervised.lejepa import Lejepa as Lejepa
from lossary.losses.self_supervised.lejepa import lejepa as lejepa
from lossary.losses.self_supervised.multiview_centroid import MultiviewCentroid as MultiviewCentroid
from lossary.losses.self_supervised.multiview_centroid import multiview_centroid as multiview_centroid
from lossary.losses.self_supervised.relative_loss_prediction import (
    RelativeLossPrediction as RelativeLossPrediction,
)
from lossary.losses.self_supervised.relative_loss_prediction import (
    relative_loss_prediction as relative_loss_prediction,
)
from lossary.losses.self_supervised.singular_value_uniformity import (
    SingularValueUniformity as SingularValueUniformity,
)
from lossary.losses.self_supervised.singular_value_uniformity import (
    singular_value_uniformity as singular_value_uniformity,
)
from lossary.losses.self_supervised.sliced_epps_pulley import SlicedEppsPulley as SlicedEppsPulley
from lossary.losses.self_supervised.sliced_epps_pulley import sliced_epps_pulley as sliced_epps_pulley
