from __future__ import annotations

import subprocess
import sys
import threading

from klio.events.outbox import Outbox


def test_what_is_put_in_a_moment_leaves_together_and_in_order():
    sent: list[list[int]] = []
    outbox = Outbox(lambda things: sent.append(list(things)))
    for number in range(2500):
        outbox.put(number)
    outbox.flush()

    assert [number for together in sent for number in together] == list(range(2500))
    assert max(map(len, sent)) <= 1000
    assert len(sent) < 100


def test_nobody_has_to_ask_for_it():
    left = threading.Event()
    Outbox(lambda _things: left.set()).put("a")
    assert left.wait(20)


def test_ten_threads_lose_nothing():
    sent: list[int] = []
    outbox = Outbox(sent.extend)
    threads = [
        threading.Thread(target=lambda base=base: [outbox.put(base + number) for number in range(2000)])
        for base in range(0, 20_000, 2000)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outbox.flush()

    assert sorted(sent) == list(range(20_000))


def test_what_is_left_at_the_end_of_a_process_is_sent():
    code = "from klio.events.outbox import Outbox; box = Outbox(lambda those: print(*those)); box.put(1); box.put(2)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "2"]  # together, unless this machine was busy between them
