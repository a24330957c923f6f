"""Beam's filesystem, s3fs and Arrow's on moto's server: time and CPU to list, write and read.

    python benchmarks/object_stores.py beam|s3fs|arrow

s3fs is no dependency of the project: pip install s3fs in an environment of its own, with moto[s3],
flask and flask-cors.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

OBJECTS, WRITTEN, URL = 5000, 100, "http://127.0.0.1:{port}"
MEBIBYTE = bytes(range(256)) * 4096
SERVER = """
import logging
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
from moto.s3.models import s3_backends
backend = s3_backends["123456789012"]["aws"]
backend.create_bucket("bench", "us-east-1")
for number in range({objects}):
    backend.put_object("bench", f"many/{{number // 500:02d}}/{{number:05d}}.json", b"1")
print(server.get_host_and_port()[1], flush=True)
input()
"""


def of_beam() -> tuple[Callable[[], int], Callable[[str], None], Callable[[str], int]]:
    from apache_beam.io.filesystem import CompressionTypes
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.options.pipeline_options import PipelineOptions

    url = os.environ["AWS_ENDPOINT_URL"]
    keys = ["--s3_access_key_id=key", "--s3_secret_access_key=secret"]
    FileSystems.set_options(
        PipelineOptions([f"--s3_endpoint_url={url}", "--s3_region_name=us-east-1", *keys])
    )
    kind = CompressionTypes.UNCOMPRESSED

    def write(name: str) -> None:
        with FileSystems.create(f"s3://bench/{name}", compression_type=kind) as stream:
            stream.write(MEBIBYTE)

    def read(name: str) -> int:
        with FileSystems.open(f"s3://bench/{name}", compression_type=kind) as stream:
            return len(stream.read())

    return lambda: len(FileSystems.match(["s3://bench/many/**"])[0].metadata_list), write, read


def of_s3fs() -> tuple[Callable[[], int], Callable[[str], None], Callable[[str], int]]:
    import s3fs

    store = s3fs.S3FileSystem(use_listings_cache=False)

    def write(name: str) -> None:
        with store.open(f"bench/{name}", "wb") as stream:
            stream.write(MEBIBYTE)

    def read(name: str) -> int:
        with store.open(f"bench/{name}", "rb") as stream:
            return len(stream.read())

    return lambda: len(store.find("bench/many")), write, read


def of_arrow() -> tuple[Callable[[], int], Callable[[str], None], Callable[[str], int]]:
    from pyarrow import fs

    place = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
    store = fs.S3FileSystem(endpoint_override=place, scheme="http", allow_delayed_open=True)

    def found() -> int:
        infos = store.get_file_info(fs.FileSelector("bench/many", recursive=True))
        return sum(info.type == fs.FileType.File for info in infos)

    def write(name: str) -> None:
        with store.open_output_stream(f"bench/{name}") as stream:
            stream.write(MEBIBYTE)

    def read(name: str) -> int:
        with store.open_input_file(f"bench/{name}") as stream:
            return len(stream.read())

    return found, write, read


LIBRARIES = {"beam": of_beam, "s3fs": of_s3fs, "arrow": of_arrow}


def measure(name: str, work: Callable[[], object]) -> object:
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    result = work()
    after, end = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name:12} {end - start:7.2f} s {cpu:7.2f} s of CPU", flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", choices=LIBRARIES)
    library = parser.parse_args().library
    os.environ |= {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    os.environ |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    command = [sys.executable, "-c", SERVER.format(objects=OBJECTS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as server:
        try:
            os.environ["AWS_ENDPOINT_URL"] = URL.format(port=server.stdout.readline().strip())
            found, write, read = measure("import", LIBRARIES[library])
            assert measure("list", found) == OBJECTS
            measure("write", lambda: [write(str(number)) for number in range(WRITTEN)])
            measure("read", lambda: [read(str(number)) for number in range(WRITTEN)])
        finally:
            server.kill()


if __name__ == "__main__":
    main()
