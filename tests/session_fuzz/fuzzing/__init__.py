"""The parts of the session fuzzer (session_fuzz_test.py)."""
