"""Array routines that are neither metric nor loss: NumPy in, NumPy out."""

from lossary.numerics.annealing_fit import AnnealingScalingLaw, fit_annealing_scaling_law
from lossary.numerics.annealing_law import (
    LearningRateAreas,
    annealing_fit_objective,
    annealing_loss_curve,
    learning_rate_areas,
)
from lossary.numerics.assignment import Assignment, linear_assignment
from lossary.numerics.bit_allocation import (
    IntegerBitAllocation,
    integer_bit_allocation,
    optimal_bit_allocation,
)
from lossary.numerics.capped_simplex import capped_simplex_projection
from lossary.numerics.entropy_coupling import (
    EntropyBoundedMap,
    EntropyCoupling,
    EntropyCouplingBottleneck,
    entropy_bounded_information,
    entropy_coupling_bottleneck,
    greedy_minimum_entropy_coupling,
)
from lossary.numerics.plackett_luce import plackett_luce_gradient, plackett_luce_log_likelihood
from lossary.numerics.plackett_luce_fit import PlackettLuceFit, bradley_terry_fit, plackett_luce_fit
from lossary.numerics.plackett_luce_sample import plackett_luce_sample
from lossary.numerics.power_law import PowerLawFit, fit_power_law, power_law_plus_constant
from lossary.numerics.rankings import RankingTable, rankings_from_table
from lossary.numerics.similarity_distance_magnitude import similarity_distance_magnitude_softmax
from lossary.numerics.soft_nms import SoftNms, soft_nms
from lossary.numerics.softmax import (
    CrossEntropyTerms,
    TwoPassSoftmax,
    cross_entropy_terms,
    logsumexp,
    two_pass_softmax,
)

__all__ = [
    "AnnealingScalingLaw",
    "Assignment",
    "CrossEntropyTerms",
    "EntropyBoundedMap",
    "EntropyCoupling",
    "EntropyCouplingBottleneck",
    "IntegerBitAllocation",
    "LearningRateAreas",
    "PlackettLuceFit",
    "PowerLawFit",
    "RankingTable",
    "SoftNms",
    "TwoPassSoftmax",
    "annealing_fit_objective",
    "annealing_loss_curve",
    "bradley_terry_fit",
    "capped_simplex_projection",
    "cross_entropy_terms",
    "entropy_bounded_information",
    "entropy_coupling_bottleneck",
    "fit_annealing_scaling_law",
    "fit_power_law",
    "greedy_minimum_entropy_coupling",
    "integer_bit_allocation",
    "learning_rate_areas",
    "linear_assignment",
    "logsumexp",
    "optimal_bit_allocation",
    "plackett_luce_fit",
    "plackett_luce_gradient",
    "plackett_luce_log_likelihood",
    "plackett_luce_sample",
    "power_law_plus_constant",
    "rankings_from_table",
    "similarity_distance_magnitude_softmax",
    "soft_nms",
    "two_pass_softmax",
]
