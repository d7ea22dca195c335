import apache_beam as beam
import askers
import delivery
import signature
from policy import Policy

from klio.transforms import decorators
from klio_core.errors import DataNotFound

NO_STEMS = {"askers", "told"}


class Tell(beam.DoFn):
    def __init__(self, job_config):
        self._policy = Policy.of(job_config)

    def setup(self):
        self._secrets = signature.secrets_in(self._policy.secret_file)

    @decorators.handle_klio
    def process(self, data):
        song = data.element.decode()
        asking = askers.askers_in(self._klio.download(song, source="askers"))
        earlier = self._told(song)
        new = [asker for asker in asking if asker.id not in earlier]
        stems = [entry.name for entry in self._klio.config.job_config.data.inputs if entry.name not in NO_STEMS]
        told = earlier | {one.id: one for one in delivery.tell(new, song, stems, self._policy, self._secrets)}
        with self._klio.upload(song, target="told") as path:
            path.write_bytes(askers.written([told[asker.id] for asker in asking]))
        yield data

    def _told(self, song):
        try:
            return {one.id: one for one in askers.told_in(self._klio.download(song, source="told"))}
        except DataNotFound:
            return {}
