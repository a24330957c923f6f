"""Builds a C4-style corpus from Common Crawl WET files: `python beam_runner.py --help`."""

import sys

if __name__ == "__main__":  # worker processes import this file too, and need none of it
    from c4forge.main import main

    sys.exit(main(["build", *sys.argv[1:]], "beam_runner.py"))
