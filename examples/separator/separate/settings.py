"""What the job file may say under job_config about how stems are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from klio_core.errors import ConfigError


class Settings(BaseModel):
    """How stems are made. A key that is not listed here is klio's own, or yours."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str = "htdemucs"
    """The name of the model; `htdemucs_ft` is four models in a row, each best at one stem."""
    repo: Path | None = None
    """A directory of weights; unset, Demucs fetches its own."""
    trusted: tuple[str, ...] = ()
    """Classes of models, by their dotted paths, that files in `repo` may hold besides those of Demucs."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    shifts: int = Field(0, ge=0, le=20)
    """How many times each song is separated, each time moved by up to half a second; their mean is up to 0.2 dB better,
    and takes that many times as long."""
    overlap: float = Field(0.25, ge=0.0, lt=1.0)
    """The share of a segment that it has in common with the next. 0.1 takes a sixth less time; seams may be heard."""
    segment: float | None = Field(None, gt=0.0)
    """Seconds that the model sees at once; less takes less memory on a GPU. No more than the model was trained with."""
    precision: Literal["float32", "bf16"] = "float32"
    """bf16: the attention with 8 bits of mantissa, where the processor has AMX; 66 dB below the stems."""
    two_stems: str | None = None
    """Only this stem and the sum of all others, as `no_STEM`."""
    max_duration_s: float = Field(1200.0, gt=0.0)
    bitrate: Literal[128, 192, 256, 320] = 320
    """Of MP3, in kbit/s."""

    @classmethod
    def of(cls, job_config: Any) -> Settings:
        """Read them from `config.job_config`. Raises ConfigError."""
        try:
            return cls.model_validate(dict(job_config.as_dict()))
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigError(
                str(first["msg"]).lower(),
                where="job_config." + ".".join(map(str, first["loc"])),
                got=repr(first["input"]),
                todo="the keys and their meaning are in settings.py",
            ) from error
