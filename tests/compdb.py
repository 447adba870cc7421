#!/usr/bin/env python3
"""Prints compile_commands.json: compdb.py CC FLAGS FILE…"""
import json
import os
import sys

cc, flags, files = sys.argv[1], sys.argv[2], sys.argv[3:]
here = os.getcwd()
json.dump([{"directory": here, "file": f, "command": f"{cc} {flags} -c {f}"} for f in files], sys.stdout, indent=1)
