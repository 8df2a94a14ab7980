"""Negative extrapolation: a generative model improves by stepping away from its self-trained copy.

Fine-tune a copy briefly on samples of the model itself, which makes it worse, and merge with a small weight:
the result is better than the model. The weight is tuned for each model.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args, overload

import numpy as np
import torch
from lossary.authoring.validation import check_choice, check_floating, check_real, check_tensor, checks_values
from lossary.errors import DtypeError, InvalidInputError, ShapeError
from numpy.typing import NDArray
from torch import Tensor

Missing = Literal["raise", "copy"]


@overload
def negative_extrapolation(base: Tensor, degraded: Tensor, *, weight: float) -> Tensor: ...
@overload
def negative_extrapolation(base: NDArray[Any], degraded: NDArray[Any], *, weight: float) -> NDArray[Any]: ...
@overload
def negative_extrapolation(
    base: Mapping[str, Tensor], degraded: Mapping[str, Tensor], *, weight: float, missing: Missing = "raise"
) -> dict[str, Tensor]: ...
def negative_extrapolation(base: Any, degraded: Any, *, weight: float, missing: Missing = "raise") -> Any:
    r"""Weights on the far side of a model from a copy that self-training has made worse.

    .. math:: \theta = \theta_b + w (\theta_b - \theta_d)

    Args:
        base: theta_b, the model: a tensor, a NumPy array, or a state dict, of which floating entries are
            merged and others, such as counts, are copied. Non-finite values, as of masks, are copied, too.
        degraded: theta_d, the same model after brief training on its own samples.
        weight: w, of order 0.1 to a few; 0 gives ``base``, and -1 ``degraded``.
        missing: what an entry of a state dict does that only one of the two has: "raise", or "copy", which
            takes those of ``base``.

    Returns:
        The merged weights in the form and dtype of ``base``; half precision is merged in float32.

    Raises:
        ShapeError: a tensor differs in shape from its counterpart.
        DtypeError: the two are not of one kind, or a lone tensor is not floating.
        InvalidInputError: an entry is missing; ``degraded`` is NaN or infinite where ``base`` is finite;
            ``weight`` is no finite number.

    Differs from the official code: where a tensor holds an infinite value, that value is copied, not the
        whole tensor; missing entries are an error unless told otherwise.

    Source: Alemohammad, Wang and Baraniuk, Neon: Negative Extrapolation From Self-Training Improves Image
        Generation, arXiv 2510.03597, 2025.

    Example:
        >>> import torch
        >>> negative_extrapolation(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 2.0]), weight=0.5)
        tensor([0.5000, 2.0000])
    """
    check_real("weight", weight)
    check_choice("missing", missing, get_args(Missing))
    if isinstance(base, Mapping):
        if not isinstance(degraded, Mapping):
            raise DtypeError(f"degraded: got {type(degraded).__name__}; wanted a state dict, as base")
        return _merged_entries(base, degraded, weight, missing)
    if isinstance(base, np.ndarray):
        if not isinstance(degraded, np.ndarray):
            raise DtypeError(f"degraded: got {type(degraded).__name__}; wanted a NumPy array, as base")
        arrays = (torch.from_numpy(np.ascontiguousarray(each)) for each in (base, degraded))
        return negative_extrapolation(*arrays, weight=weight).numpy().reshape(base.shape)
    check_floating("base", base)
    return _merged("degraded", base, degraded, weight)


def _merged_entries(
    base: Mapping[str, Tensor], degraded: Mapping[str, Tensor], weight: float, missing: Missing
) -> dict[str, Tensor]:
    if missing == "raise" and base.keys() != degraded.keys():
        for name, keys, other in (("degraded", base, degraded), ("base", degraded, base)):
            lacking = [key for key in keys if key not in other]
            if lacking:
                raise InvalidInputError(
                    f"{name}: got a state dict without {lacking[0]!r}; wanted the same entries in both, or "
                    "missing='copy'"
                )
    merged = {}
    for key, value in base.items():
        check_tensor(f"base[{key!r}]", value)
        if key in degraded and value.is_floating_point():
            merged[key] = _merged(f"degraded[{key!r}]", value, degraded[key], weight)
        else:
            merged[key] = value.clone()
    return merged


def _merged(name: str, base: Tensor, degraded: Tensor, weight: float) -> Tensor:
    check_floating(name, degraded)
    if degraded.shape != base.shape:
        raise ShapeError(f"{name}: got shape {tuple(degraded.shape)}; wanted {tuple(base.shape)}, as base")
    finite = base.isfinite()
    if checks_values(degraded) and not bool((degraded.isfinite() | ~finite).all()):
        raise InvalidInputError(f"{name}: got NaN or infinity where base is finite; wanted finite values")
    wide = torch.promote_types(base.dtype, torch.float32)
    start = base.to(wide)
    return torch.where(finite, start + weight * (start - degraded.to(wide)), start).to(base.dtype)
