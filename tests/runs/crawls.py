"""Names of the files of a small crawl, as Common Crawl gives them."""

import gzip

CRAWL = "CC-MAIN-2019-18"
FOLDER = f"crawl-data/{CRAWL}/segments/1555578517558.8/wet"
FILES = 3


def path_of(number: int, crawl: str = CRAWL) -> str:
    name = f"CC-MAIN-20190418101243-20190418122248-{number:05d}.warc.wet.gz"
    return f"{FOLDER.replace(CRAWL, crawl)}/{name}"


def path_list(*paths: str) -> bytes:
    return gzip.compress("".join(f"{path}\n" for path in paths).encode())
