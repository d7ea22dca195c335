import subprocess
import sys

import pytest

# They run in processes of their own: they change what all code of a process shares.
BEGIN = """
import locale, os, shutil, signal, subprocess, sys, tempfile, threading, time
from klio.transforms.surroundings import Keeper, Surroundings, Worn
os.chdir(tempfile.mkdtemp())
os.environ["HOME"] = "/"
keeper, before = Keeper(), Surroundings.now()

def reason():
    try:
        keeper.tidy()
    except Worn as worn:
        return str(worn)
    return ""
"""
RESTORED = [
    "pass",
    "os.chdir('/')",
    "gone = tempfile.mkdtemp(); os.chdir(gone); os.rmdir(gone)",
    "os.umask(0o777)",
    "os.environ['PATH'] = ''; os.environ['NEW'] = '1'; del os.environ['HOME']",
    "locale.setlocale(locale.LC_ALL, 'C.UTF-8')",
    "signal.signal(signal.SIGTERM, lambda *_: None)",
    "signal.signal(signal.SIGINT, signal.SIG_IGN)",
    "signal.alarm(1)",
    "sys.stdout = open(os.devnull, 'w')",
    "thread = threading.Thread(target=time.sleep, args=(0.01,)); thread.start()",
    "subprocess.Popen(['true'])",
]
THREADS = "for _ in range(20): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
WORN = {
    "subprocess.Popen(['sleep', '3'], stdout=-3, stderr=-3)": "left processes running",
    "shutil.rmtree(os.getcwd())": "cannot be restored: FileNotFoundError",
    "sys.stdout.close(); sys.stdout = open(os.dup(2), 'w')": "cannot be restored",
    "os.dup2(os.open(os.devnull, os.O_RDONLY), 0); os.close(0)": "cannot be restored",
    f"keeper.tidy(); {THREADS}".replace("; for", "\nfor"): "leaves threads running: 21 by now",
}


def said(*code):
    script = "\n".join([BEGIN, *code, "os.write(2, reason().encode())\nos._exit(0)"])
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stderr


def test_what_a_call_changes_is_restored():
    restored = f"""
for change in {RESTORED!r}:
    exec(change)
    assert reason() == "", (change, reason())
    assert Surroundings.now() == before, change
"""
    assert said(restored) == ""


@pytest.mark.slow
@pytest.mark.parametrize("change", WORN)
def test_what_cannot_be_restored_wears_the_process(change):
    assert WORN[change] in said(change)


def test_what_was_there_before_the_first_call_may_stay():
    assert said("server = subprocess.Popen(['sleep', '3'], stdout=-3, stderr=-3)\nkeeper = Keeper()") == ""
