"""What lies in the bucket, found by one front after the other, and in parts where it is much."""

from __future__ import annotations

from klio.data.gcs import GcsStore
from klio.data.gcs_client import Patience
from tests.separator.web.kit import Jobs, eventually, hash_of, served
from web.places import Stem
from web.songs.lying import Look
from web.songs.objects import listed


def test_what_a_front_had_to_read_is_noted_and_a_later_front_answers_the_same(jobs: Jobs):
    song = jobs.upload(owners=("ada",), mixes={"drums+vocals": 1.0, "bass+drums": 2.0})
    jobs.make_stems(song, attempt=2)
    patience, places = Patience(5.0), jobs.places

    def noted() -> bool:
        there = [*listed(places.song_file(song), patience), *listed(places.peaks(song), patience)]
        return len(there) == 2 and all(seen.says for seen in there)

    with served(jobs, look_again_s=0.1) as one:
        first = one.client.get(f"/v1/songs/{song}")
        eventually(noted)
        with served(jobs) as other:
            second = other.client.get(f"/v1/songs/{song}")
            lying = [web.front.catalogue.lying(song) for web in (one, other)]

    assert first.json()["attempt"] == 2
    assert (second.content, second.headers["ETag"]) == (first.content, first.headers["ETag"])
    assert [list(there.file.mixes) for there in lying if there] == 2 * [["drums+vocals", "bass+drums"]]


def test_more_songs_than_one_listing_holds_are_all_found(jobs: Jobs):
    file = jobs.cloud.get(jobs.places.song_file(jobs.upload(b"0")))
    songs = {hash_of(b"%d" % number) for number in range(1001)}
    for song in songs:
        jobs.cloud.put(jobs.places.song_file(song), file)
    done = min(songs)
    jobs.make_stems(done)
    jobs.make_mix(max(songs), "bass+drums")

    found = dict(Look(jobs.places, GcsStore(Patience(5.0))).all())
    assert found.keys() == songs
    assert [song for song, lying in found.items() if lying.work and len(lying.stems) == len(Stem)] == [done]
    assert [song for song, lying in found.items() if lying.mixes] == [max(songs)]
