#!/usr/bin/env python3
"""Saves what was read, many announcements over one connection. The table has no unique constraint: a row keeps its job, attempt and fence instead,
so that it can be told where it comes from. What reads it takes the row with the highest fence of an announcement."""
import json
import os
import sqlite3
import sys

TABLE = """CREATE TABLE IF NOT EXISTS announcements (
    job INTEGER NOT NULL, attempt INTEGER NOT NULL, fence INTEGER NOT NULL, announcement TEXT NOT NULL, title TEXT NOT NULL, pages INTEGER NOT NULL,
    characters INTEGER NOT NULL, amounts TEXT NOT NULL, saved_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))"""
ROW = "INSERT INTO announcements (job, attempt, fence, announcement, title, pages, characters, amounts) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


def say(**line):
    print(json.dumps(line), flush=True)


def save(connection, message):
    read = message["payload"]
    with connection:
        connection.execute(ROW, (message["job"], message["attempt"], message["fence"], read["announcement"], read["title"], read["pages"],
                                 read["characters"], json.dumps(read["amounts"])))
    return {"announcement": read["announcement"]}


connection = sqlite3.connect(os.environ.get("ANNOUNCEMENTS", "announcements.db"), timeout=60)
with connection:
    connection.execute(TABLE)
for line in sys.stdin:
    message = json.loads(line)
    if "job" not in message:
        continue
    try:
        say(done=message["job"], result=save(connection, message))
    except sqlite3.OperationalError as error:  # somebody holds the file: no fault of this announcement
        say(defer=message["job"], seconds=1, reason=str(error))
    except Exception as error:
        say(failed=message["job"], error=f"{type(error).__name__}: {error}")
