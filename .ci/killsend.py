"""Runs the `killsend.py` of the folder BENCH, and tells by the starts of the sender which of its runs a copy came from.

A message that a killed sender had handed to the system reaches the server just after the kill. By its time alone it looks
like one of the next run, which would have had its reply long before its own end.
"""
import importlib.util
import os
import pathlib
import sys

bench = pathlib.Path(os.environ["BENCH"])
sys.path.insert(0, str(bench))
spec = importlib.util.spec_from_file_location("killsend", bench / "killsend.py")
killsend = importlib.util.module_from_spec(spec)
spec.loader.exec_module(killsend)
judged = killsend.why_sent_again
starts = pathlib.Path(os.environ["STARTS"])


def why_sent_again(earlier, kills, window):
    began = [float(line) for line in starts.read_text().split()]
    of_its_run = max(start for start in began if start <= earlier["dot"])
    killed = next((kill for kill in kills if kill >= of_its_run), None)
    if killed is not None and earlier["dot"] > killed:
        return "near_kill"
    return judged(earlier, kills, window)


killsend.why_sent_again = why_sent_again
killsend.main()
