"""Databases of rpm, made by hand: headers of packages in the three stores that rpm has had."""
import shutil
import sqlite3
import struct
import subprocess
import zlib


def header(name, version, release, epoch=0, filler=0, source=None, files=()):
    """A package's header as databases have it: tags in order, the data behind them."""
    tags = [(1000, 6, name), (1001, 6, version), (1002, 6, release)]
    if epoch:
        tags.append((1003, 4, epoch))
    tags += [(1005, 6, "x" * filler), (1022, 6, "x86_64"), (1044, 6, source or f"{name}-{version}-{release}.src.rpm")]
    if files:
        tags.append((1117, 8, files))
    index, data = b"", b""
    for tag, kind, value in tags:
        if kind == 4:
            data += b"\0" * (-len(data) % 4)
        count = len(value) if kind == 8 else 1
        index += struct.pack(">IIII", tag, kind, len(data), count)
        data += struct.pack(">I", value) if kind == 4 else b"".join(v.encode() + b"\0" for v in (value if kind == 8 else [value]))
    # The region that rpm itself has around all of it.
    index = struct.pack(">IIII", 63, 7, len(data), 16) + index
    n = len(tags) + 1
    return struct.pack(">II", n, len(data) + 16) + index + data + struct.pack(">IIiI", 63, 7, -16 * n, 16)


def sqlite(path, headers, page=4096):
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA page_size={page}")
    db.execute("CREATE TABLE 'Zero' (a TEXT)")
    db.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)")
    db.execute("CREATE TABLE 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
    db.executemany("INSERT INTO Packages (blob) VALUES (?)", [(h,) for h in headers])
    db.commit()
    db.close()


def ndb(path, headers):
    """A page of slots, then each package between its head and its tail, in blocks of 16 bytes."""
    pages = 1 + (2 + len(headers)) * 16 // 4096
    slots, blobs, at = b"", b"", pages * 4096 // 16
    for i, h in enumerate(headers, 1):
        body = struct.pack("<4sIII", b"BlbS", i, 1, len(h)) + h
        body += b"\0" * (-(len(body) + 12) % 16)
        body += struct.pack("<II4s", zlib.adler32(body), len(h), b"BlbE")
        slots += struct.pack("<4sIII", b"Slot", i, at, len(body) // 16)
        blobs += body
        at += len(body) // 16
    free = (pages * 4096 - 32 - len(slots)) // 16
    head = struct.pack("<4sIIII", b"RpmP", 0, 1, pages, len(headers) + 1).ljust(32, b"\0")
    path.write_bytes(head + slots + struct.pack("<4sIII", b"Slot", 0, 0, 0) * free + blobs)


def bdb(path, headers, page=4096, order=1234):
    """By Berkeley DB's own tool; False without it."""
    tool = shutil.which("db5.3_load") or shutil.which("db_load")
    if tool is None:
        return False

    def line(b):
        return " " + b.hex() + "\n"

    end = "<" if order == 1234 else ">"
    text = f"VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize={page}\ndb_lorder={order}\nHEADER=END\n"
    text += line(struct.pack(end + "I", 0)) + line(struct.pack(end + "I", len(headers)))
    for i, h in enumerate(headers, 1):
        text += line(struct.pack(end + "I", i)) + line(h)
    subprocess.run([tool, path], input=(text + "DATA=END\n").encode(), check=True, capture_output=True)
    return True
