"""Reads PDFs with pdftotext (Debian: poppler-utils)."""
import subprocess
import sys

FAIL_FOR_GOOD = 65


def pages_of(path):
    """The text of each page. What cannot be read today cannot be read tomorrow: it ends the job for good."""
    read = subprocess.run(["pdftotext", "-q", "-layout", path, "-"], stdin=subprocess.DEVNULL, capture_output=True)
    if read.returncode != 0:
        print(f"pdftotext cannot read {path}: {read.stderr.decode(errors='replace').strip() or read.returncode}", file=sys.stderr)
        sys.exit(FAIL_FOR_GOOD)
    return read.stdout.decode(errors="replace").split("\f")[:-1]
