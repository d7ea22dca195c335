"""What the job file may say under job_config: whom callbacks go to, and how hard it is tried."""

from __future__ import annotations

from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from klio_core.errors import ConfigError

Network = IPv4Network | IPv6Network


class Policy(BaseModel):
    """A key that is not listed here is klio's own, or yours."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    allow: tuple[str, ...] = ()
    """Hosts by their names (`hooks.team.svc.cluster.local`, or `.svc.cluster.local` for all below), addresses and
    networks (`10.1.0.0/16`) that callbacks may go to although they are not public."""
    secret_file: Path | None = None
    """A file with a secret in each line, `whsec_…`; callbacks carry a signature by each. Unset, they are not signed."""
    tries: int = Field(3, ge=1, le=10)
    timeout_s: float = Field(5.0, gt=0.0, le=60.0)
    """For each try: looking up the name, connecting, sending, and the answer."""
    pause_s: float = Field(1.0, ge=0.0, le=60.0)
    """Before the second try; later ones wait twice as long each, with some chance in it."""

    @field_validator("allow")
    @classmethod
    def _are_hosts_or_networks(cls, said: tuple[str, ...]) -> tuple[str, ...]:
        for one in said:
            if "/" in one:
                ip_network(one)
        return said

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """The networks of `allow`; an address is one of its own."""
        return tuple(network for one in self.allow if (network := _network(one)) is not None)

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The names of `allow`."""
        return frozenset(one.lower() for one in self.allow if _network(one) is None)

    def names(self, host: str) -> bool:
        """Whether `allow` has this host by its name, or by the end of it."""
        parts = host.lower().rstrip(".").split(".")
        ends = {"." + ".".join(parts[number:]) for number in range(1, len(parts))}
        return bool(self.hosts & {".".join(parts), *ends})

    @classmethod
    def of(cls, job_config: Any) -> Policy:
        """Read it from `config.job_config`. Raises ConfigError."""
        try:
            return cls.model_validate(dict(job_config.as_dict()))
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigError(
                str(first["msg"]).lower(),
                where="job_config." + ".".join(map(str, first["loc"])),
                got=repr(first["input"]),
                todo="the keys and their meaning are in policy.py",
            ) from error


def _network(text: str) -> Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None
