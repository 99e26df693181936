#!/usr/bin/env python3
"""Announces every PDF below a folder, as a scraper of an exchange would: scraper.py FOLDER [--exchange BSE] [--queue ai_processing] [--server URL]."""
import argparse
import json
import pathlib
import sys
import urllib.error
import urllib.request

options = argparse.ArgumentParser(description="Announces every PDF below a folder.")
options.add_argument("folder", type=pathlib.Path)
options.add_argument("--exchange", default="BSE", help="whose announcements they are; part of their names")
options.add_argument("--queue", default="ai_processing")
options.add_argument("--server", default="http://127.0.0.1:5080")
options.add_argument("--most", type=int, default=sys.maxsize, help="at most so many")
given = options.parse_args()

pdfs = sorted(given.folder.rglob("*.pdf"))[:given.most]
if not pdfs:
    sys.exit(f"Expected PDFs below {given.folder}, found none: ./pdfs.sh {given.folder} fetches some.")
taken = 0
for pdf in pdfs:
    job = {"announcement": f"{given.exchange}/{pdf.stem}", "pdf": str(pdf.resolve())}
    request = urllib.request.Request(f"{given.server}/api/v1/queues/{given.queue}/jobs", json.dumps(job).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            taken += answer.status == 202  # 200: it is being worked at already
    except urllib.error.URLError as error:
        sys.exit(f"{given.server} did not take {job['announcement']}: {error.read().decode() if isinstance(error, urllib.error.HTTPError) else error.reason}")
print(f"{taken} of {len(pdfs)} announcements are new")
