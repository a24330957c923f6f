import io
import json

from trainer.training.progress import Progress, held_out_line, read_curve

STEP = {"loss": 2.5, "tokens_per_second": 1234.0, "mfu": 0.25}
EVALUATION = {"eval_loss": 2.0, "eval_unigram_entropy": 3.5}


def test_steps_and_evaluations_are_printed_and_kept(tmp_path):
    stream = io.StringIO()
    with Progress(str(tmp_path), 7, first_host=True, stream=stream) as progress:
        progress.report_step(7, STEP, 0.0)
        progress.report_evaluation(7, EVALUATION)
        progress.report_evaluation(7, {})
    first, second = stream.getvalue().splitlines()
    assert first.startswith("0:00 step 7 of 7 · loss 2.500 · 1,234 tokens/s · MFU 25.0%")
    assert second == f"step 7: {held_out_line(EVALUATION)}"
    assert read_curve(str(tmp_path)) == [{"step": 7, **EVALUATION}, {"step": 7, **STEP}]


def test_of_a_step_that_was_run_twice_the_later_point_counts(tmp_path):
    rows = [{"step": 1, "loss": 3.0}, {"step": 2, "loss": 9.0}, {"step": 2, "loss": 2.0}]
    (tmp_path / "curve.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [row["loss"] for row in read_curve(str(tmp_path))] == [3.0, 2.0]


def test_the_held_out_line_compares_with_the_unigram_entropy():
    assert held_out_line(EVALUATION) == (
        "held-out loss 2.000 nats/token, 1.500 below the unigram entropy of its targets (3.500)"
    )
    worse = {"eval_loss": 4.0, "eval_unigram_entropy": 3.5}
    assert "0.500 above" in held_out_line(worse)
