"""The Debian package, tested from outside: what is in it, and its life in a clean system."""
