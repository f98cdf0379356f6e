"""Drivers of the system tests: both peers of a session, and the daemon between them."""
