#!/usr/bin/env python3
"""Reads the orders of an account. Whatever else it throws ends this process, and with it this job alone."""
from marketplace import serve

serve("orders")
