#!/usr/bin/env python3
"""A worker for `protocol: job`: one process for each job. Put your work into `work`."""
import json
import os
import sys
from urllib.error import HTTPError
from urllib.request import urlopen

DEFER, FAIL_FOR_GOOD = 75, 65


def work(payload):
    """Does the job and returns its result; here it counts the bytes behind some addresses."""
    size = 0
    for number, url in enumerate(payload["urls"], start=1):
        with urlopen(url, timeout=30) as answer:
            size += len(answer.read())
        print(f"{number} of {len(payload['urls'])}", flush=True)  # all but the last line is the job's log
    return {"bytes": size}


print(f"attempt {os.environ.get('FAIRLEAD_ATTEMPT', 1)} of job {os.environ.get('FAIRLEAD_JOB_ID', '?')}")
try:
    print(json.dumps(work(json.load(sys.stdin))))
except HTTPError as error:  # the last line of standard error is the reason
    print(error, file=sys.stderr)
    sys.exit(DEFER if error.code == 429 else 1 if error.code >= 500 else FAIL_FOR_GOOD)
