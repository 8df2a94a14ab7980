"""Query-key layer norm: attention logits that cannot grow with the learning rate.

Normalised queries and keys bound the logits of attention, whose growth is what makes large Transformers
diverge first. `QueryKeyLayerNorm` takes the place of the product of queries and keys in an attention layer.
"""

import math
from typing import final

import torch
from jaxtyping import Float
from lossary.authoring import full_precision
from lossary.authoring.validation import check_finite, check_floating, check_positive
from lossary.errors import ShapeError
from torch import Tensor, nn
from torch.nn import functional


@full_precision
def query_key_layer_norm(
    query: Float[Tensor, "*batch heads queries dim"],
    key: Float[Tensor, "*batch heads keys dim"],
    query_scale: Float[Tensor, "dim"] | Float[Tensor, "heads dim"],
    key_scale: Float[Tensor, "dim"] | Float[Tensor, "heads dim"],
    *,
    epsilon: float = 1e-6,
) -> Float[Tensor, "*batch heads queries keys"]:
    r"""Attention logits of queries and keys that are normalised first.

    .. math:: \frac{\mathrm{LN}(q)^\top \mathrm{LN}(k)}{\sqrt{D}}, \quad
              \mathrm{LN}(x) = s \odot \frac{x - \bar{x}}{\sqrt{\mathrm{var}(x) + \epsilon}}

    With scales of one no logit is beyond sqrt(D). Log their largest size for each layer.

    Args:
        query: q, with any leading axes.
        key: k, with the same ones.
        query_scale: s of the queries, shared by the heads or one per head.
        key_scale: s of the keys.
        epsilon: added to the variance over the D entries, above 0.

    Returns:
        Logits for a softmax over the keys.

    Raises:
        ShapeError: ``query`` has fewer than three axes, or its last is empty; ``key`` differs from it in more
            than the number of keys; a scale is neither (dim,) nor (heads, dim).
        DtypeError: an argument is not floating.
        InvalidInputError: a value is NaN or infinite; ``epsilon`` is not above 0.

    Source: Dehghani et al., Scaling Vision Transformers to 22 Billion Parameters, ICML 2023, section 2;
        Wortsman et al., Small-scale proxies for large-scale Transformer training instabilities, arXiv
        2309.14322, 2023.

    Example:
        >>> import torch
        >>> query = torch.tensor([[[3.0, 1.0]]])  # normalised: (1, -1)
        >>> key = torch.tensor([[[500.0, 0.0], [0.0, 500.0]]])
        >>> query_key_layer_norm(query, key, torch.ones(2), torch.ones(2))  # 2 / sqrt(2), and its negative
        tensor([[[ 1.4142, -1.4142]]])
    """
    check_floating("query", query)
    check_floating("key", key)
    if query.ndim < 3 or query.shape[-1] == 0:
        raise ShapeError(f"query: got shape {tuple(query.shape)}; wanted (..., heads, queries, dim)")
    *heads, _, dim = query.shape
    if key.ndim != query.ndim or [*key.shape[:-2], key.shape[-1]] != [*heads, dim]:
        wanted = ", ".join(map(str, [*heads, "keys", dim]))
        raise ShapeError(f"key: got shape {tuple(key.shape)}; wanted ({wanted}), as query")
    check_finite("query", query)
    check_finite("key", key)
    check_positive("epsilon", epsilon)
    queries = _normalised("query_scale", query, query_scale, epsilon)
    keys = _normalised("key_scale", key, key_scale, epsilon)
    return queries @ keys.transpose(-1, -2) / math.sqrt(dim)


def _normalised(name: str, rows: Tensor, scale: Tensor, epsilon: float) -> Tensor:
    check_floating(name, scale)
    heads, _, dim = rows.shape[-3:]
    if tuple(scale.shape) not in {(dim,), (heads, dim)}:
        raise ShapeError(
            f"{name}: got shape {tuple(scale.shape)}; wanted ({dim},) or ({heads}, {dim}), as query"
        )
    check_finite(name, scale)
    return functional.layer_norm(rows, (dim,), eps=epsilon) * scale.unsqueeze(-2)


@final
class QueryKeyLayerNorm(nn.Module):
    """Module of `query_key_layer_norm` with scales to be learned, which start at one.

    Args:
        dim: entries D of a query and of a key of one head.
        heads: None shares the scales between the heads; their number gives each its own.
        epsilon: added to the variance, above 0.

    Raises:
        InvalidInputError: ``epsilon`` is not above 0.

    Example:
        >>> import torch
        >>> layer = QueryKeyLayerNorm(64, heads=8)
        >>> logits = layer(torch.randn(2, 8, 10, 64), torch.randn(2, 8, 10, 64))
        >>> logits.shape
        torch.Size([2, 8, 10, 10])
    """

    def __init__(self, dim: int, *, heads: int | None = None, epsilon: float = 1e-6) -> None:
        super().__init__()
        check_positive("epsilon", epsilon)
        shape = (dim,) if heads is None else (heads, dim)
        self.query_scale = nn.Parameter(torch.ones(shape))
        self.key_scale = nn.Parameter(torch.ones(shape))
        self.epsilon = epsilon

    def forward(
        self,
        query: Float[Tensor, "*batch heads queries dim"],
        key: Float[Tensor, "*batch heads keys dim"],
    ) -> Float[Tensor, "*batch heads queries keys"]:
        """Give the logits of attention."""
        return query_key_layer_norm(query, key, self.query_scale, self.key_scale, epsilon=self.epsilon)

    def extra_repr(self) -> str:
        """Shape of the scales, and the option."""
        return f"{tuple(self.query_scale.shape)}, epsilon={self.epsilon}"
