"""Class prototypes: the mean embedding of each class, by which few-shot classifiers and losses compare."""

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lossary.authoring import full_precision
from lossary.authoring.validation import check_class_index, check_int, check_positive, checks_values
from lossary.errors import InvalidInputError
from lossary.ops.labelled_rows import check_labelled_rows


@full_precision
def class_prototypes(
    embeddings: Float[Tensor, "batch dim"], labels: Integer[Tensor, "batch"], num_classes: int
) -> Float[Tensor, "classes dim"]:
    """The mean of the embeddings of each class; the gradient reaches them.

    Args:
        embeddings: one row per item, of the support set in few-shot training.
        labels: the class of each item.
        num_classes: how many classes there are, at least 1.

    Returns:
        One row per class.

    Raises:
        ShapeError: ``embeddings`` is not a matrix, or has no column; ``labels`` has another length.
        DtypeError: ``embeddings`` is not floating, ``labels`` not integer, or ``num_classes`` no int.
        InvalidInputError: a value is NaN or infinite; ``labels`` is not a class; a class has no item (a check
            of values; without it the prototype is 0).

    Example:
        >>> import torch
        >>> class_prototypes(torch.tensor([[1.0], [3.0], [7.0]]), torch.tensor([0, 0, 1]), 2)
        tensor([[2.],
                [7.]])
    """
    check_labelled_rows(embeddings, labels)
    check_int("num_classes", num_classes)
    check_positive("num_classes", num_classes)
    check_class_index("labels", labels, num_classes)
    classes = torch.arange(num_classes, device=labels.device)
    member = (classes.unsqueeze(1) == labels).to(embeddings.dtype)
    count = member.sum(1, keepdim=True)
    if checks_values(labels) and bool((count == 0).any()):
        raise InvalidInputError(
            f"labels: got no item of class {int((count == 0).nonzero()[0, 0])}; wanted at least one of each "
            f"of the {num_classes} classes"
        )
    return (member / count.clamp(min=1)) @ embeddings
