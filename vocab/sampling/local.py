"""Drawing a sample in this machine's process pool: the steps of the Beam graph, without Beam."""

from functools import partial

from corpora.layout import read_shard_list
from runtime.workers.pool import current_pool
from vocab.sampling.plan import SampleJob, draw_tasks, run_draw_task, sum_counts, write_plan
from vocab.sampling.sample import LanguageCount, count_shard


def draw_in_pool(job: SampleJob) -> int:
    """Draws a sample of the shards listed in `job.shards_path()`; returns the number of draw tasks.

    Raises:
      Exception: the first that a task raised.
    """
    pool = current_pool()
    by_language: dict[str, list[LanguageCount]] = {}
    work = partial(count_shard, seed=job.seed)
    for _, (language, count) in pool.results(work, read_shard_list(job.shards_path())):
        by_language.setdefault(language, []).append(count)
    totals = {language: sum_counts(by_language[language]) for language in sorted(by_language)}
    tasks = draw_tasks(write_plan(totals, job), job)
    return sum(1 for _ in pool.results(partial(run_draw_task, job=job), tasks))
