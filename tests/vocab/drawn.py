"""A sample drawn in this process, for tests and benchmarks."""

from collections import defaultdict

from corpora.layout import find_corpora
from vocab.sampling.mixtures import parse_mixture
from vocab.sampling.sample import LanguageCount, Sample, count_shard, draw_shard, last_bin


def draw(folder, corpus, mixture="1", sample_bytes=10**9, seed=0) -> Sample:
    """The sample of a corpus, as the pipeline draws it; its files go to `folder`."""
    counts: dict[str, LanguageCount] = {}
    shards = find_corpora([str(corpus)])
    for shard in shards:
        language, count = count_shard(shard, seed)
        counts[language] = counts[language] + count if language in counts else count
    available = {name: count.text_bytes() for name, count in counts.items()}
    quotas = parse_mixture(mixture).quotas(available, sample_bytes)
    paths = defaultdict(list)
    folder.mkdir(exist_ok=True)
    for shard in shards:
        if quotas.get(shard.language):
            last = last_bin(counts[shard.language].bins, quotas[shard.language])
            path = str(folder / f"{shard.number}-{seed}-{last}.arrow")
            draw_shard(shard, seed, last, path)
            paths[shard.language].append(path)
    return Sample({name: tuple(found) for name, found in paths.items()}, quotas)
