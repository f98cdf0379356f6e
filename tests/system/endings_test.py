#!/usr/bin/env python3
"""Every row of the table of endings, against the daemon, with TLS 1.2 and 1.3.

    python3 endings_test.py                 all rows
    python3 endings_test.py -k R24_         one row
    python3 endings_test.py --table         the table in Markdown (tests/system/ROWS.md)
"""

import pathlib
import sys
import unittest

from endings import CHAPTERS, deaths
from support.rows import Runner, chapter_case, markdown

TABLE = pathlib.Path(__file__).with_name("ROWS.md")
HEADING = """# The rows of the table of endings

Made by `python3 tests/system/endings_test.py --table > tests/system/ROWS.md`; each row is a test.
"a or b" means that either is right, as it depends on which of two events comes first.

"""

for _chapter in CHAPTERS:
    if _chapter is not deaths.chapter:  # death_test.py plays it
        globals()[_chapter.name.title().replace(" ", "")] = chapter_case(_chapter)


class Table(unittest.TestCase):
    def test_the_table_is_up_to_date(self):
        self.assertEqual(TABLE.read_text(encoding="utf-8"), HEADING + markdown(CHAPTERS))

    def test_no_id_is_used_twice(self):
        ids = [row.id for chapter in CHAPTERS for row in chapter.rows]
        self.assertEqual(sorted(ids), sorted(set(ids)))


if __name__ == "__main__":
    if "--table" in sys.argv:
        sys.stdout.write(HEADING + markdown(CHAPTERS))
    else:
        unittest.main(testRunner=Runner, verbosity=1)
