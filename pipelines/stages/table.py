"""The stages of a run as a table, in data-path order; each is defined beside its functions."""

from typing import Any

from pipelines.stages.clean import CLEAN
from pipelines.stages.duplicates import DUPLICATES
from pipelines.stages.finish import FINISH
from pipelines.stages.lines import LINES
from pipelines.stages.newest import NEWEST
from pipelines.stages.shards import SHARDS
from pipelines.stages.tasks import Stage
from pipelines.stages.webtext import WEBTEXT

STAGES: dict[str, Stage[Any]] = {
    stage.name: stage for stage in (WEBTEXT, CLEAN, NEWEST, LINES, DUPLICATES, FINISH, SHARDS)
}
