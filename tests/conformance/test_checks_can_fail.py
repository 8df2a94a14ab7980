"""Each check catches the loss that is broken in its way, and no other check does.

The broken losses are copies of the good ones in ``packages/conformant`` with one edit each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("torch")

from lossary.authoring import Property
from lossary.conformance import Outcome, run, table

VALUES = "    values = weight * difference.square()\n"
DECLARED = "            Property.TWICE_DIFFERENTIABLE,\n"
EAGER = "not torch.compiler.is_compiling()"
FUNCTORCH = "torch._C._functorch"
PLAIN = f"{EAGER} and {FUNCTORCH}.maybe_current_level() is None"


@dataclass(frozen=True)
class Break:
    """One edit of a good loss, and the check that must notice it."""

    check: str
    old: str
    new: str
    loss: str = "squared_error"


def after(line: str, addition: str) -> tuple[str, str]:
    return line, line + addition


def module_with(body: str) -> tuple[str, str]:
    made = "SquaredError = loss_module(squared_error)\n"
    return made, f"class SquaredError(loss_module(squared_error)):\n{body}"


BREAKS = {
    "empty_venue": Break("declaration", 'venue="Monthly Weather Review"', 'venue=""'),
    "unknown_exception": Break(
        "declaration", "    differentiable=", '    exceptions={"no_check": "a slip"},\n    differentiable='
    ),
    "excused_from_declaring": Break(
        "declaration",
        "    differentiable=",
        '    exceptions={"declaration": "hides every slip"},\n    differentiable=',
    ),
    "third_axis": Break("annotations", '[Tensor, "batch classes"]', '[Tensor, "batch classes space"]'),
    "summary_computes": Break("docstring", 'r"""Squared distance', 'r"""Computes the squared distance'),
    "stale_example": Break("doctest", "tensor(0.2500)", "tensor(0.5000)"),
    "other_default": Break("goldens", "    weight: float = 1.0,\n", "    weight: float = 0.5,\n"),
    "module_doubles": Break(
        "module_equals_function",
        *module_with(
            "    def forward(self, *inputs, **options):\n        return 2 * super().forward(*inputs)\n"
        ),
    ),
    "module_ignores_its_options": Break(
        "module_equals_function",
        *module_with("    def forward(self, *inputs):\n        return squared_error(*inputs)\n"),
    ),
    "silent_repr": Break(
        "module_options", *module_with("    def extra_repr(self):\n        return 'options'\n")
    ),
    "sum_counts_twice": Break(
        "reductions_agree",
        "reduce(values, reduction)",
        'reduce(values, reduction) * (1 + (reduction == "sum"))',
    ),
    "tensor_on_default_device": Break(
        "dtype_and_device", *after(VALUES, "    values = values + torch.zeros(2)[0]\n")
    ),
    "rounds_in_float32": Break(
        "dtype_and_device",
        *after(
            VALUES,
            "    if values.dtype == torch.float32:\n        values = values.bfloat16().float()\n",
        ),
    ),
    "computed_in_half": Break("half_precision", "@full_precision\n", "", loss="negative_correlation"),
    "gradient_doubled": Break(
        "gradcheck",
        *after(VALUES, "    if weight == 1.0:\n        values = values + values - values.detach()\n"),
    ),
    "second_derivative_lost": Break(
        "double_backward",
        "difference.square()",
        "(2 * difference - difference.detach()) * difference.detach()",
    ),
    "root_at_zero": Break("finite_at_extremes", "difference.square()", "difference.square().sqrt().square()"),
    "target_receives_gradient": Break("no_grad_to_targets", "target.detach()", "target"),
    "draws_globally": Break("deterministic", *after(VALUES, f"    if {PLAIN}:\n        torch.rand(1)\n")),
    "writes_into_target": Break(
        "inputs_untouched",
        *after(
            VALUES, f"    if {PLAIN}:\n        with torch.no_grad():\n            target.clamp_(0.0, 1.0)\n"
        ),
    ),
    "flattens_by_view": Break(
        "memory_layout",
        "    difference = prediction",
        "    difference = prediction.view(-1).view(prediction.shape)",
    ),
    "one_row_loses_its_axis": Break("single_row", *after(VALUES, "    values = values.squeeze(0)\n")),
    "undefined_for_one_row": Break(
        "single_row", *after(VALUES, "    if values.shape == (1, 3):\n        values = 0 * values / 0.0\n")
    ),
    "nan_when_empty": Break(
        "empty_batch",
        "    return reduce(values, reduction)",
        '    return values.mean() if reduction == "mean" else reduce(values, reduction)',
    ),
    "empty_not_refused": Break(
        "empty_batch", *after(DECLARED, "            Property.REJECTS_EMPTY_BATCH,\n")
    ),
    "nan_unnoticed": Break("bad_input", '    check_unit_interval("prediction", prediction)\n', ""),
    "infinity_unnoticed": Break(
        "bad_input",
        'check_finite("prediction", prediction)',
        'check_finite("prediction", prediction.nan_to_num(posinf=0.0, neginf=0.0, nan=torch.nan))',
        loss="negative_correlation",
    ),
    "integers_unnoticed": Break(
        "bad_input",
        '    check_floating("target", target)\n',
        "    if isinstance(target, Tensor):\n        target = target.to(prediction.dtype)\n"
        '    check_floating("target", target)\n',
    ),
    "shapes_broadcast": Break(
        "bad_input",
        '    check_shape("target", target, tuple(prediction.shape), like="prediction")\n',
        '    if target.ndim != 2:\n        check_shape("target", target, (2, 2), like="prediction")\n'
        "    rows = min(len(prediction), len(target))\n"
        "    prediction, target = prediction[:rows], target[:rows]\n",
    ),
    "nan_hidden_without_checks": Break(
        "bad_input", "    difference = prediction", "    difference = prediction.nan_to_num()"
    ),
    "no_such_metric": Break("pairs_with", '"brier_score_loss"', '"no_such_metric"'),
    "graph_break": Break("compile", *after(VALUES, "    torch._dynamo.graph_break()\n")),
    "wrong_in_functorch": Break(
        "functorch_grad",
        *after(
            VALUES,
            f"    if {EAGER} and {FUNCTORCH}.is_gradtrackingtensor(values):\n"
            f"        if not {FUNCTORCH}.is_batchedtensor({FUNCTORCH}.get_unwrapped(values)):\n"
            "            values = 2 * values\n",
        ),
    ),
    "branches_on_values": Break(
        "vmap",
        *after(VALUES, f"    if {EAGER} and bool((values < 0).any()):\n        values = values.abs()\n"),
    ),
    "above_one": Break("property_at_most_one", '"target": target}\n', '"target": target, "weight": 5.0}\n'),
    "order_matters": Break(
        "property_batch_order_free",
        "    return reduce(values, reduction)",
        "    ranks = torch.arange(1, len(values) + 1, device=values.device)\n"
        "    values = torch.where(values == 0, values, values / ranks)\n    return reduce(values, reduction)",
        loss="negative_correlation",
    ),
    **{
        f"false_{member.name.lower()}": Break(
            f"property_{member.name.lower()}",
            *after(DECLARED, f"            Property.{member.name},\n"),
            loss=loss,
        )
        for loss, members in {
            "squared_error": (Property.SHIFT_INVARIANT, Property.SCALE_INVARIANT),
            "negative_correlation": (Property.NON_NEGATIVE, Property.ZERO_AT_TARGET, Property.CONVEX),
        }.items()
        for member in members
    },
}


def failures(outcomes: tuple[Outcome, ...]) -> dict[str, str]:
    return {outcome.check: outcome.detail for outcome in outcomes if outcome.status == "failed"}


@pytest.mark.parametrize("loss", ["squared_error", "negative_correlation"])
def test_a_good_loss_passes_every_check(load_loss: Callable, goldens: Path, loss: str) -> None:
    assert failures(run(load_loss("conformant_copy", loss), goldens=goldens)) == {}


@pytest.mark.parametrize("story", BREAKS)
def test_a_broken_loss_fails_its_check_and_no_other(load_loss: Callable, goldens: Path, story: str) -> None:
    broken = BREAKS[story]
    spec = load_loss(f"broken_{story}", broken.loss, (broken.old, broken.new))

    found = failures(run(spec, goldens=goldens))

    assert found.keys() == {broken.check}, found


def test_every_check_has_a_broken_loss() -> None:
    assert {broken.check for broken in BREAKS.values()} == table().keys()


def test_every_property_has_a_check() -> None:
    tested = {check.tests for check in table().values()} - {None}

    assert tested | {Property.REJECTS_EMPTY_BATCH} == set(Property)
