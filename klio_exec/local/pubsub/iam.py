"""google.iam.v1.IAMPolicy: which of some permissions the caller has. All of them, but for what a fault denies."""

from __future__ import annotations

from google.iam.v1 import iam_policy_pb2 as pb

from klio_core.faults import Faults
from klio_exec.local.pubsub.broker import Broker
from klio_exec.local.pubsub.errors import Refused
from klio_exec.local.pubsub.methods import Methods, unary

SERVICE = "google.iam.v1.IAMPolicy"

# What each permission allows, in the words of klio_core.faults; the others allow what is `pubsub.admin` there.
_ALLOWS = {"pubsub.topics.publish": "pubsub.publish", "pubsub.subscriptions.consume": "pubsub.pull"}
_OTHERS = "pubsub.admin"


class Policy:
    """The one method of the service that says what may be done; nobody sets policies here."""

    def __init__(self, broker: Broker, faults: Faults | None) -> None:
        self._catalog = broker.catalog
        self._faults = faults

    def methods(self) -> Methods:
        """Name to handler."""
        return {"TestIamPermissions": unary(self._test, pb.TestIamPermissionsRequest)}

    async def _test(self, request: pb.TestIamPermissionsRequest) -> pb.TestIamPermissionsResponse:
        asked = request.permissions if self._is_there(request.resource) else ()
        return pb.TestIamPermissionsResponse(permissions=[one for one in asked if not self._denied(one)])

    def _is_there(self, resource: str) -> bool:
        """Whether there is such a resource; of what is not there, Google answers that nothing may be done with it."""
        look = self._catalog.topic if "/topics/" in resource else self._catalog.subscription
        try:
            look(resource)
        except Refused:
            return False
        return True

    def _denied(self, permission: str) -> bool:
        return self._faults is not None and self._faults.denies(_ALLOWS.get(permission, _OTHERS))
