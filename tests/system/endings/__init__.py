"""The rows of the table of endings, chapter by chapter."""

from . import bad_ends, clean_ends, closer, deaths, edges, further, policies, proxy_ends, \
    starts, tls_ends

# Three chapters are long and go on in a second file.
assert tls_ends.chapter is bad_ends.chapter and policies.chapter is closer.chapter
assert further.chapter is edges.chapter
CHAPTERS = [clean_ends.chapter, bad_ends.chapter, closer.chapter, proxy_ends.chapter,
            starts.chapter, edges.chapter, deaths.chapter]
