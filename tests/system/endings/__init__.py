"""The rows of the table of endings, chapter by chapter."""

from . import bad_ends, clean_ends, closer, edges, proxy_ends, starts

CHAPTERS = [clean_ends.chapter, bad_ends.chapter, closer.chapter, proxy_ends.chapter,
            starts.chapter, edges.chapter]
