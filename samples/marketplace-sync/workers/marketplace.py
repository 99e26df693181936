"""Reads everything of one kind that an account has, page by page, and keeps it. One process, one job after the other (`protocol: stream`)."""
import json
import os
import sqlite3
import sys
from urllib.error import HTTPError
from urllib.request import urlopen

TABLE = "CREATE TABLE IF NOT EXISTS items (kind TEXT NOT NULL, account TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (kind, account, id)) WITHOUT ROWID"
ROW = "INSERT INTO items VALUES (?, ?, ?) ON CONFLICT DO NOTHING"  # what is there already stays: it may be read any number of times


def say(**line):
    print(json.dumps(line), flush=True)


def sync(connection, kind, job, account):
    page, items = 1, 0
    while page:
        with urlopen(f"{os.environ['MARKETPLACE'].rstrip('/')}/accounts/{account}/{kind}?page={page}") as answer:
            read = json.load(answer)
        with connection:
            connection.executemany(ROW, [(kind, account, item["id"]) for item in read["items"]])
        items += len(read["items"])
        say(progress=job, processed=page, total=max(page, read["next"] or 0))
        page = read["next"]
    say(log=job, message=f"{account}: {items} {kind}")
    return {"items": items}


def serve(kind):
    connection = sqlite3.connect("marketplace.db", timeout=60)
    with connection:
        connection.execute(TABLE)
    for line in sys.stdin:
        message = json.loads(line)
        if "job" not in message:
            continue
        job = message["job"]
        try:
            say(done=job, result=sync(connection, kind, job, message["payload"]["account"]))
        except HTTPError as error:
            if error.code == 429:
                say(defer=job, seconds=int(error.headers.get("Retry-After") or 30), reason=str(error))
            else:
                say(failed=job, error=str(error), retry=error.code >= 500)
