import dataclasses
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import REPOSITORY, T5X
from tests.trainer.training.eight_devices import MESHES
from trainer.config import TrainConfig
from trainer.input.batches import Batches, HostInfo, batch_spec, open_dataset
from trainer.training.partitioning import MeshError, check_batch, make_mesh
from trainer.training.run import prepare_run


def environment(devices):
    return os.environ | {
        "XLA_FLAGS": f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count={devices}",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(REPOSITORY),
    }


def run_python(arguments, devices):
    done = subprocess.run(
        [sys.executable, *arguments], env=environment(devices), capture_output=True, text=True,
        timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def config(small_corpus, small_vocabulary, tmp_path_factory):
    return TrainConfig(
        corpus=(small_corpus,), vocab=small_vocabulary, size="tiny", dtype="float32",
        architecture="encoder_decoder_half",
        inputs_length=32, batch_size=8, steps=4, warmup_steps=100, eval_period=0, log_period=1,
        dropout=0.1, model_dir=str(tmp_path_factory.mktemp("eight")),
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(config):
    script = str(REPOSITORY / "tests" / "trainer" / "training" / "eight_devices.py")
    return json.loads(
        run_python([script, json.dumps(dataclasses.asdict(config))], 8).splitlines()[-1]
    )


@pytest.mark.parametrize("mesh", [name for name in MESHES if name != "one"])
def test_eight_devices_give_the_losses_of_one(mesh, found):
    np.testing.assert_allclose(found[mesh]["losses"], found["one"]["losses"], rtol=2e-5)
    assert found["one"]["losses"][-1] < found["one"]["losses"][0]


def test_parameters_are_where_the_mesh_says(found):
    assert found["data"]["sharded"] == 0
    assert 0 < found["model"]["sharded"] < found["model"]["arrays"]
    assert found["sharded"]["sharded"] > found["sharded"]["arrays"] / 2


@pytest.mark.parametrize("mesh", MESHES)
def test_the_step_lowers_for_tpu_on_every_mesh(mesh, found):
    assert found[mesh]["tpu"] > 10_000


def test_one_device_reads_what_eight_wrote(found):
    assert found["restored"]


def test_a_batch_that_does_not_divide_is_told():
    class Mesh:
        shape = {"data": 8, "model": 1}  # noqa: RUF012

    with pytest.raises(MeshError, match=r"12 rows a microbatch .* 8 devices .*--batch_size=16"):
        check_batch(12, 1, Mesh())


def test_devices_that_do_not_divide_are_told():
    with pytest.raises(MeshError, match=r"--model_parallel=3: .* number of devices, which is 1"):
        make_mesh(3, [object()])


@pytest.mark.slow
def test_two_hosts_give_the_losses_of_one(config, tmp_path):
    """Two processes with two devices each, through `t5x train`."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    two = dataclasses.replace(config, model_dir=str(tmp_path / "two"), dropout=0.0, eval_period=2)
    flags = [
        f"--{name}={value}"
        for name, value in dataclasses.asdict(two).items()
        if value != "" and name not in ("corpus", "task", "backend", "host_index", "host_count")
    ]
    flags = [flag.replace("=True", "=true").replace("=False", "=false") for flag in flags]
    command = [*T5X, "train", "--backend=ours",
               f"--corpus={config.corpus[0]}", *flags, f"--coordinator=localhost:{port}",
               "--host_count=2"]  # fmt: skip
    hosts = [
        subprocess.Popen([*command, f"--host_index={i}"], env=environment(2),
                         stderr=subprocess.PIPE, text=True)
        for i in range(2)
    ]  # fmt: skip
    said = [host.communicate(timeout=400)[1] for host in hosts]
    assert [host.returncode for host in hosts] == [0, 0], "".join(said)[-3000:]
    rows = [
        json.loads(line) for line in Path(two.model_dir, "curve.jsonl").read_text().splitlines()
    ]
    assert [row["step"] for row in rows if "loss" in row] == [1, 2, 3, 4]
    names = sorted(path.name for path in Path(two.model_dir).glob("data_*"))
    assert names == ["data_4-000-of-002.json", "data_4-001-of-002.json"]
    expected = losses_of_rows_together(config)
    np.testing.assert_allclose([row["loss"] for row in rows if "loss" in row], expected, rtol=2e-5)
    assert [row["step"] for row in rows if "eval_loss" in row] == [2, 4]


def losses_of_rows_together(config):
    """Of one process that trains on what each of two hosts reads."""
    datasets = [open_dataset(config, "train", HostInfo(index=i, count=2)) for i in range(2)]
    still = dataclasses.replace(config, dropout=0.0)
    run = prepare_run(still, batch_spec(open_dataset(config, "train", HostInfo())))
    state, losses = run.start(), []
    for rows, more in zip(*map(Batches, datasets), strict=True):
        batch = {name: np.concatenate([x, more[name]]) for name, x in rows.items()}
        state, metrics, _ = run.step(state, batch)
        losses.append(float(metrics.cross_entropy / metrics.targets))
        if len(losses) == 4:
            return losses
