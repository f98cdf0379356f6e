"""Parts of the test of real faults: networks of its own, and the rows that break them."""

from . import backend_faults, client_faults, drain_faults

CHAPTERS = [client_faults.chapter, backend_faults.chapter, drain_faults.chapter]
