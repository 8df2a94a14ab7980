"""Log-probability of whole sequences, which the losses of preferences and of unlearning take.

Sum, not mean: these losses compare answers as a whole.
"""

from jaxtyping import Float, Integer
from lossary.authoring import full_precision
from lossary.authoring.validation import check_ndim
from torch import Tensor

from lossary_language._tokens import token_log_prob


@full_precision
def sequence_log_prob(
    logits: Float[Tensor, "batch steps vocabulary"],
    target: Integer[Tensor, "batch steps"],
    *,
    ignore_index: int = -100,
    shift: bool = False,
    average: bool = False,
) -> Float[Tensor, "batch"]:
    r"""Log-probability of each row of tokens.

    .. math:: \ell_n = \sum_t \log \mathrm{softmax}(z_{nt})_{y_{nt}}

    Args:
        logits: z, scores of the vocabulary at each step.
        target: y, the tokens; prompt and padding hold ``ignore_index``.
        ignore_index: the target of a position that does not count.
        shift: False where the logits of a step predict the target of that step; True where they predict
            the next one, as those of a language model do for its own input.
        average: divide by the number of positions that count.

    Returns:
        One value of 0 or below per row; 0 for a row without a position that counts.

    Raises:
        ShapeError: ``logits`` has not three axes, or no vocabulary; ``target`` is not of its positions.
        DtypeError: ``logits`` is not floating; ``target`` or ``ignore_index`` is not integer.
        InvalidInputError: a logit is NaN or infinite; a target is outside the vocabulary.

    Source: Rafailov, Sharma, Mitchell, Ermon, Manning and Finn, Direct Preference Optimization: Your Language
        Model is Secretly a Reward Model, NeurIPS 2023, section 3.

    Example:
        >>> import torch
        >>> logits = torch.zeros(2, 3, 4)  # each token has probability 1/4
        >>> sequence_log_prob(logits, torch.tensor([[0, 1, 2], [-100, -100, 3]]))  # 3 log 1/4 and log 1/4
        tensor([-4.1589, -1.3863])
    """
    if shift:
        check_ndim("logits", logits, "batch steps vocabulary")
        check_ndim("target", target, "batch steps")
        logits, target = logits[:, :-1], target[:, 1:]
    log_prob, counts = token_log_prob(logits, target, ignore_index=ignore_index)
    total = log_prob.sum(1)
    return total / counts.sum(1).clamp(min=1) if average else total
