#!/usr/bin/env python3
"""Lists who is named in an announcement: {"announcement": "BSE/zoo", "pdf": "/…/zoo.pdf"}."""
import collections
import json
import re
import sys

from pdf import pages_of

NAME = re.compile(r"\b[A-Z][\w.&-]+(?: [A-Z][\w.&-]+){0,3} (?:Bank|Capital|Fund|Group|Holdings|Inc|Limited|Ltd|University|Wien)\b")

job = json.load(sys.stdin)
named = collections.Counter(name for page in pages_of(job["pdf"]) for name in NAME.findall(page))
print(json.dumps({"announcement": job["announcement"], "named": [{"name": name, "times": times} for name, times in named.most_common(20)]}))
