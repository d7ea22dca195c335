"""Names of Google's regions and of runners, for programs that import them."""

import enum

__all__ = ["DATAFLOW_REGIONS", "KlioRunner"]

_EUROPE_AND_AMERICA = ("europe-west1", "europe-west2", "europe-west3", "europe-west4", "northamerica-northeast1")
DATAFLOW_REGIONS = (
    *("asia-east1", "asia-northeast1", "asia-southeast1", "australia-southeast1"),
    *_EUROPE_AND_AMERICA,
    *("us-central1", "us-east1", "us-east4", "us-west1"),
)


class KlioRunner(enum.Enum):
    """The runners that klio names. One equals its name in any case, with or without "runner" at its end."""

    DIRECT_GKE_RUNNER = "DirectGKERunner"
    DIRECT_RUNNER = "DirectRunner"
    DATAFLOW_RUNNER = "DataflowRunner"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            return self is other
        mine, theirs = (name.lower().removesuffix("runner") for name in (self.value, other))
        return mine == theirs if "direct" in mine else bool(theirs) and mine in theirs

    def __hash__(self) -> int:
        return hash(self.value)
