#!/usr/bin/env python3
"""A worker for `protocol: stream`: one process, many jobs, one JSON object a line. Put your work into `work`."""
import json
import sys
from urllib.error import HTTPError
from urllib.request import urlopen


def say(**line):
    print(json.dumps(line), flush=True)


def work(job, payload):
    """Does one job and returns its result; here it counts the bytes behind some addresses."""
    size = 0
    for number, url in enumerate(payload["urls"], start=1):
        with urlopen(url, timeout=30) as answer:
            size += len(answer.read())
        say(progress=job, processed=number, total=len(payload["urls"]))
    return {"bytes": size}


for line in sys.stdin:  # ends when this process is no longer needed
    message = json.loads(line)
    if "job" not in message:
        continue  # {"cancel": …} of a job that is finished: one at a time, nothing else can be read in between
    job = message["job"]
    try:
        say(done=job, result=work(job, message["payload"]))
    except HTTPError as error:
        if error.code == 429:  # not now: come again, at no cost
            after = error.headers.get("Retry-After", "")
            say(defer=job, seconds=int(after) if after.isdigit() else 30, reason=str(error))
        else:  # what the caller did wrong does not become right by trying again
            say(failed=job, error=str(error), retry=error.code >= 500)
    except Exception as error:
        say(failed=job, error=f"{type(error).__name__}: {error}")
