#!/usr/bin/env python3
"""A worker for `protocol: stream`: many jobs, one after the other, one JSON object a line. Put your work into `work`."""
import json
import sys


def say(**line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def work(job, payload):
    """Does one job and returns its result; whatever it raises fails the attempt, which is then tried again."""
    say(progress=job, processed=1, total=1)
    return {"echo": payload}


for line in sys.stdin:
    message = json.loads(line)
    if "job" not in message:
        continue  # a cancellation of a job that has ended meanwhile
    job = message["job"]
    try:
        say(done=job, result=work(job, message["payload"]))
    except Exception as error:
        say(failed=job, error=f"{type(error).__name__}: {error}")
