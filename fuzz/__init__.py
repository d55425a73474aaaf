"""Targets that take any bytes and raise AssertionError when a promise is broken, and what drives them.

    python -m fuzz parse --minutes 10
    python -m fuzz settings --minutes 10 --seed 7
    python -m fuzz parse --replay fuzz/found/parse-1f2e3d4c5b6a7980

`fuzz.feeds.fuzz_parse` and `fuzz.settings.fuzz_settings` take nothing but bytes, so that a fuzzer guided by coverage
can drive them as they are: with atheris installed, `atheris.Setup(sys.argv, fuzz_parse); atheris.Fuzz()`.
tests/test_fuzz.py runs each for some seconds, with inputs that are always the same.
"""
