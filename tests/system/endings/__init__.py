"""The rows of the table of endings, chapter by chapter."""

from . import bad_ends, clean_ends, closer, edges, policies, proxy_ends, starts

# policies.py goes on with the chapter of closer.py.
assert policies.chapter is closer.chapter
CHAPTERS = [clean_ends.chapter, bad_ends.chapter, closer.chapter, proxy_ends.chapter,
            starts.chapter, edges.chapter]
