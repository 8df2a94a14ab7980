"""The random input of a run of the tests is the same every time; `benches/fuzz.py` draws new input."""

from hypothesis import settings

settings.register_profile("lossary", derandomize=True, deadline=None, database=None)
settings.load_profile("lossary")
