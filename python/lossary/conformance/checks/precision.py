"""Dtypes, devices, autocast: the inputs decide the result's, and half precision is computed in float32."""

import torch

from lossary.conformance.case import Case, cast, expect_close, expect_same_gradients, tensors
from lossary.conformance.table import CheckError, check, expect


@check
def check_dtype_and_device(case: Case) -> None:
    """The result has the dtype and the device of the inputs; neither changes it by more than rounding."""
    for dtype in (torch.float32, torch.float64):
        value, gradients = case.gradients(case.inputs(dtype=dtype))
        expect(value.dtype == dtype, f"{dtype} inputs: got a result of {value.dtype}")
        for name, gradient in gradients.items():
            expect(gradient.dtype == dtype, f"{dtype} inputs: got a gradient of {name} of {gradient.dtype}")
    narrow = case.inputs(dtype=torch.float32)
    value, gradients = case.gradients(narrow)
    wanted, wanted_gradients = case.gradients(cast(narrow, torch.float64))
    expect_close(value.double(), wanted, "float32 against float64", rtol=1e-3, atol=1e-5)
    widened = {name: gradient.double() for name, gradient in gradients.items()}
    expect_same_gradients(widened, wanted_gradients, "float32 against float64", rtol=1e-3, atol=1e-4)
    inputs = case.inputs()
    wanted, wanted_gradients = case.gradients(inputs)
    _expect_no_default_device(case)
    if not torch.accelerator.is_available():
        return
    device = torch.accelerator.current_accelerator()
    moved = inputs | {name: value.to(device) for name, value in tensors(inputs)}
    value, gradients = case.gradients(moved)
    expect(
        value.device.type == moved[case.spec.differentiable[0]].device.type, f"got a result on {value.device}"
    )
    expect_close(value.cpu(), wanted, f"value on {device}", rtol=1e-4, atol=1e-5)
    on_cpu = {name: gradient.cpu() for name, gradient in gradients.items()}
    expect_same_gradients(on_cpu, wanted_gradients, str(device), rtol=1e-4, atol=1e-5)


def _expect_no_default_device(case: Case) -> None:
    """A tensor made without ``device=`` is on the default device, "meta" here, and cannot meet the inputs."""
    inputs = case.inputs()
    try:
        with torch.device("meta"):
            value = case.spec.function(**inputs)
    except (RuntimeError, NotImplementedError) as error:
        raise CheckError(f"a tensor is made on the default device, not on the inputs': {error}") from error
    expect(
        value.device.type == "cpu", f"CPU inputs and another default device: got a result on {value.device}"
    )


@check
def check_half_precision(case: Case) -> None:
    """Half precision in and out, computed in float32; autocast changes nothing."""
    for dtype in (torch.float16, torch.bfloat16):
        inputs = case.inputs(dtype=dtype)
        wanted, wanted_gradients = case.gradients(cast(inputs, torch.float32))
        value, gradients = case.gradients(inputs)
        rounded_once = {"rtol": 0.6 * torch.finfo(dtype).eps, "atol": 1e-7}
        expect(value.dtype == dtype, f"{dtype} inputs: got a result of {value.dtype}")
        expect_close(value.float(), wanted, f"{dtype} against float32", **rounded_once)
        widened = {name: gradient.float() for name, gradient in gradients.items()}
        expect_same_gradients(widened, wanted_gradients, str(dtype), **rounded_once)
    inputs = case.inputs(dtype=torch.float32)
    wanted, wanted_gradients = case.gradients(inputs)
    value, gradients = case.gradients(inputs, torch.autocast("cpu", dtype=torch.bfloat16)(case.spec.function))
    expect_close(value, wanted, "autocast", rtol=1e-5, atol=1e-7)
    expect_same_gradients(gradients, wanted_gradients, "autocast", rtol=1e-5, atol=1e-7)
