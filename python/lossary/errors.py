"""Every error and warning that lossary raises on purpose.

A message has three parts: the argument, what came, and what is wanted. All errors derive from
`LossaryError` and from the built-in type that a caller would expect, so `except ValueError` keeps working.
"""


class LossaryError(Exception):
    """The root: catch this to catch everything that lossary raises on purpose."""


class InvalidInputError(LossaryError, ValueError):
    """An argument has a value that the function cannot take."""


class ShapeError(InvalidInputError):
    """An argument has the wrong number of axes, or lengths that do not fit together."""


class UndefinedMetricError(InvalidInputError):
    """The metric has no value on this input, for example a ranking with one class only."""


class UnsupportedOptionError(InvalidInputError, NotImplementedError):
    """Options that each make sense, in a combination for which the metric is not defined."""


class DtypeError(LossaryError, TypeError):
    """An argument has a type or dtype that the function cannot take."""


class MissingExtraError(LossaryError, ImportError):
    """Something needs an optional dependency that is not installed; the message says which extra."""


class PluginError(LossaryError):
    """The root of what can go wrong between lossary and a plugin."""


class UnknownLossError(PluginError, LookupError):
    """No installed plugin offers a loss of this name."""


class AmbiguousLossError(PluginError, LookupError):
    """Several plugins offer a loss of this name; the message lists the qualified names."""


class BrokenPluginError(PluginError, ImportError):
    """A plugin, or one of its loss files, does not load; the original exception is the cause."""


class ConvergenceWarning(UserWarning):
    """An iteration ended at its limit, before its result was as exact as asked for."""


class PluginWarning(UserWarning):
    """Some plugins did not load; `lossary.problems()` and `lossary doctor` say which and why."""


class UndefinedMetricWarning(UserWarning):
    """A metric is undefined on this input and a stated default was returned, as scikit-learn does."""
