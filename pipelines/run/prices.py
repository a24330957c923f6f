"""The prices of a run's resources, a row each; `--price_<name>` overrides one.

List prices of Google Cloud, us-central1, in US dollars. They change: look them up before a large
run.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """One row of the table.

    Attributes:
      name: of the option, after `--price_`.
      usd: of one unit.
      meaning: of the unit.
    """

    name: str
    usd: float
    meaning: str


PRICES: dict[str, Price] = {
    price.name: price
    for price in (
        Price("vcpu_hour", 0.056, "an hour of a worker's vCPU (Dataflow batch)"),
        Price("memory_gb_hour", 0.003557, "an hour of a GB of its memory; 3.75 GB a vCPU"),
        Price("disk_gb_hour", 0.000054, "an hour of a GB of its disk; 25 GB a vCPU"),
        Price("shuffle_gb", 0.011, "a GB shuffled (Dataflow Shuffle)"),
        Price("storage_gb_month", 0.020, "a month of a GB of output (Cloud Storage, standard)"),
        Price("ingress_gb", 0.0, "a GB read from Common Crawl, which is free"),
    )
}
MEMORY_GB, DISK_GB = 3.75, 25.0  # of a vCPU: n1-standard, Dataflow's default with its shuffle
