#!/usr/bin/env python3
"""Reads one announcement: {"announcement": "BSE/zoo", "pdf": "/…/zoo.pdf"}. Its result is what is worth saving."""
import json
import re
import sys

from pdf import pages_of

AMOUNT = re.compile(r"(?:Rs\.?|INR|USD|EUR|₹|\$|€)\s?\d+(?:,\d+)*(?:\.\d+)?(?:\s(?:crore|lakh|million|billion))?")
DATE = re.compile(r"\b(?:\d{4}-\d{2}-\d{2}|\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December) \d{4})\b")

job = json.load(sys.stdin)
pages = pages_of(job["pdf"])
text = "\n".join(pages)
lines = [line.strip() for line in text.splitlines() if line.strip()]
print(f"{job['announcement']}: {len(pages)} pages, {len(text)} characters")
print(json.dumps({
    "announcement": job["announcement"],
    "title": lines[0][:200] if lines else "",
    "pages": len(pages),
    "characters": len(text),
    "amounts": sorted(set(AMOUNT.findall(text)))[:50],
    "dates": sorted(set(DATE.findall(text)))[:50],
}))
