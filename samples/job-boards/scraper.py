#!/usr/bin/env python3
"""Scrapes a job board, page by page, and adds what was not seen before to a table. One process, many rounds (`protocol: stream`)."""
import json
import os
import sqlite3
import sys
import time
from html.parser import HTMLParser
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import urlopen

TABLE = """CREATE TABLE IF NOT EXISTS jobs (
    job_source TEXT NOT NULL, source_id TEXT NOT NULL, title TEXT, company TEXT, url TEXT,
    UNIQUE (job_source, source_id))"""


class Page(HTMLParser):
    """The listings of a page, and the address of the next one."""

    def __init__(self, html):
        super().__init__()
        self.jobs, self.next, self._field = {}, None, None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        has = dict(attributes)
        if tag == "article":
            self._job = self.jobs.setdefault(has["data-id"], {"title": "", "company": "", "url": ""})
        elif tag == "a" and has.get("rel") == "next":
            self.next = has["href"]
        elif tag == "a":
            self._job["url"], self._field = has["href"], "title"
        elif tag == "p" and has.get("class") == "company":
            self._field = "company"

    def handle_endtag(self, tag):
        self._field = None

    def handle_data(self, data):
        if self._field and not self._job[self._field].endswith(data):
            self._job[self._field] += data


def say(**line):
    print(json.dumps({name.rstrip("_"): value for name, value in line.items()}), flush=True)


def once(job, source, ids):
    """Those of the ids that nobody has taken before; they are this round's now."""
    say(once=ids, scope=source, keep="365d", for_=job)
    answer = json.loads(sys.stdin.readline())
    while answer.get("for") != job or not {"once", "refused"} & answer.keys():
        answer = json.loads(sys.stdin.readline())
    if "refused" in answer:
        raise RuntimeError(answer.get("reason", "the ids could not be asked for"))
    return [id for id, new in zip(answer["once"], answer["new"]) if new]


def fetch(url):
    """A page; what is refused or broken is tried again a few times."""
    for patience in (3, 2, 1, 0):
        try:
            with urlopen(url, timeout=30) as answer:
                return answer.read().decode()
        except HTTPError as error:
            if patience == 0 or error.code not in (429, 500, 502, 503):
                raise
            time.sleep(min(60, int(error.headers.get("Retry-After") or 1)))


def add(table, source, jobs):
    """Adds rows and returns how many; what the table has already is left to its constraint."""
    with table:  # one transaction
        rows = [(source, id, job["title"], job["company"], job["url"]) for id, job in jobs.items()]
        return table.executemany("INSERT OR IGNORE INTO jobs VALUES (?, ?, ?, ?, ?)", rows).rowcount


def scrape(job, source):
    """One round."""
    seen = added = caught = pages = 0
    url = f"{os.environ['BOARDS'].rstrip('/')}/{source}/jobs?page=1"
    with sqlite3.connect(os.environ.get("LISTINGS", "listings.db"), timeout=30) as table:
        table.execute(TABLE)
        while url:
            page = Page(fetch(url))
            new = once(job, source, list(page.jobs))
            count = add(table, source, {id: page.jobs[id] for id in new}) if new else 0
            say(kept=new, scope=source, for_=job)  # the rows are there, whatever becomes of this round
            seen, added, caught, pages = seen + len(page.jobs), added + count, caught + len(new) - count, pages + 1
            say(log=job, message=f"page {pages}: {count} new of {len(page.jobs)}")
            url = page.next and urljoin(url, page.next)
    return {"added": added, "seen": seen, "pages": pages, "caught_by_constraint": caught}


for line in iter(sys.stdin.readline, ""):  # ends when this process is no longer needed
    message = json.loads(line)
    if "job" in message:
        try:
            say(done=message["job"], result=scrape(message["job"], message["payload"]["source"]))
        except Exception as error:
            say(failed=message["job"], error=f"{type(error).__name__}: {error}")
