"""Archives that no builder makes: bombs, lies, cuts and names that lead elsewhere. Each says what a scan must say of it."""
import bz2
import dataclasses
import gzip
import io
import lzma
import random
import struct
import subprocess
import tarfile
import zipfile
import zlib

LIMIT = "more than 200 times its size"


@dataclasses.dataclass
class Case:
    data: bytes
    words: str = ""      # in a note; empty: there is nothing to tell
    found: tuple = ()    # paths in it where the key is
    layer: bool = False  # it may be the blob of a layer too


def header(name, size=0, kind=b"0", link="", mtime=0, magic=b"ustar\x0000", **raw):
    """A header of tar as it is wanted, wrong or right."""
    name = name if isinstance(name, bytes) else name.encode()
    h = bytearray(512)
    h[0:len(name[:100])] = name[:100]
    h[100:124] = b"0000644\0" + b"0000000\0" * 2
    h[124:136] = raw.get("size_field", b"%011o\0" % size)
    h[136:148] = raw.get("mtime_field", b"%011o\0" % mtime)
    h[148:156] = b" " * 8
    h[156:157] = kind
    h[157:157 + len(link[:100])] = link[:100].encode()
    h[257:257 + len(magic)] = magic
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h)


def entry(name, body=b"", **kw):
    return header(name, len(body), **kw) + body + bytes(-len(body) % 512)


END = bytes(1024)


def pax(fields, name, body, **kw):
    text = b""
    for k, v in fields.items():
        v = v if isinstance(v, bytes) else v.encode()
        line = b" " + k.encode() + b"=" + v + b"\n"
        n = len(line) + 1
        while len(b"%d" % n + line) != n:
            n += 1
        text += b"%d" % n + line
    return entry("PaxHeaders/x", text, kind=b"x") + entry(name, body, **kw)


def long_name(name, body):
    return entry("././@LongLink", name + b"\0", kind=b"L") + entry(name[:100], body)


def zip_of(files, method=zipfile.ZIP_DEFLATED):
    buf = io.BytesIO()
    with zipfile.ZipFile(buf, "w", method) as z:
        for name, body in files:
            z.writestr(name, body)
    return buf.getvalue()


def local(name, packed, size, crc, method=8, flags=0):
    return struct.pack("<IHHHHHIIIHH", 0x04034b50, 20, flags, method, 0, 0x21, crc, len(packed), size, len(name), 0) + name + packed


def central(name, at, n_packed, size, crc, method=8, flags=0):
    return struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 20, 20, flags, method, 0, 0x21, crc, n_packed, size, len(name), 0, 0, 0, 0, 0,
                       at) + name


def directory(entries, at, n=None, comment=b""):
    body = b"".join(entries)
    n = min(len(entries), 0xffff) if n is None else n
    return body + struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, n, n, len(body), at, len(comment)) + comment


def overlapping(n, size):
    """Each file holds the header of the next as text, and all of its data [D. Fifield, A better zip bomb, WOOT 2019]."""
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = c.compress(bytes(size)) + c.flush()
    plain, made, sizes = bytes(size), b"", []
    crc, total = zlib.crc32(plain), size
    for i in reversed(range(n)):
        name = b"%05d" % i
        head = local(name, b"", total, crc)
        head = head[:18] + struct.pack("<I", len(packed)) + head[22:]
        sizes.append((name, len(packed), total, crc, len(head)))
        made = head
        quoted = struct.pack("<BHH", 0, len(head), len(head) ^ 0xffff) + head
        previous = packed
        packed = quoted + packed
        plain = head + plain
        crc, total = zlib.crc32(plain), len(plain)
    out, at, entries = made + previous, 0, []
    for name, n_packed, total, crc, n_head in reversed(sizes):
        entries.append(central(name, at, n_packed, total, crc))
        at += n_head + 5
    return out + directory(entries, len(out))


def gzip_of_zeros(blocks):
    """16 MiB of zeros, so many times; nothing checks the sum before the end."""
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = c.compress(bytes(1 << 24)) + c.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\3" + block * blocks + b"\3\0" + bytes(8)


def xz_with_dictionary(body, code):
    """What the header of the first block says of the dictionary [xz file format 1.1.0 §5.3.1]."""
    made = bytearray(lzma.compress(body, preset=0))
    n = (made[12] + 1) * 4
    at = made.index(b"\x21\1", 12) + 2
    made[at] = code
    made[12 + n - 4:12 + n] = struct.pack("<I", zlib.crc32(made[12:12 + n - 4]))
    return bytes(made)


def seven(name, body, dictionary):
    """7-Zip with one file, packed by LZMA2 with a dictionary that says so much of itself [7zFormat.txt]."""
    def number(n):
        return bytes([n]) if n < 0x80 else bytes([0x80 | n >> 8, n & 255])
    packed = lzma.compress(body, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}])
    names = name.encode("utf-16-le") + b"\0\0"
    head = (b"\x01\x04\x06\x00\x01\x09" + number(len(packed)) + b"\x00\x07\x0b\x01\x00\x01\x21\x21\x01" + bytes([dictionary]) +
            b"\x0c" + number(len(body)) + b"\x00\x08\x00\x00\x05\x01\x11" + number(len(names) + 1) + b"\x00" + names + b"\x00\x00")
    start = struct.pack("<QQI", len(packed), len(head), zlib.crc32(head))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + packed + head


def lzma_alone(dictionary, size, body):
    return b"\x5d" + struct.pack("<IQ", dictionary, size) + body


def nested(body, n, wrap):
    for _ in range(n):
        body = wrap(body)
    return body


def many_in_tar(n, seed=5):
    """A thousand files of one byte, so many times over."""
    r = random.Random(seed)
    block = b"".join(entry("%020x/%03d" % (r.getrandbits(80), i), b"%c" % r.randrange(256)) for i in range(1000))
    return gzip.compress(block, 1) * (n // 1000) + gzip.compress(END)


def many_in_zip(n):
    files = [local(b"%07x" % i, b"x", 1, 0x8cdc1683, 0) for i in range(n)]
    size = len(files[0])
    at = n * size
    entries = [central(b"%07x" % i, i * size, 1, 1, 0x8cdc1683, 0) for i in range(n)]
    n_dir = sum(map(len, entries))
    end = struct.pack("<IQHHIIQQQQ", 0x06064b50, 44, 45, 45, 0, 0, n, n, n_dir, at) + struct.pack("<IIQI", 0x07064b50, 0, at + n_dir, 1)
    return b"".join(files) + b"".join(entries) + end + struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 0xffff, 0xffff, 0xffffffff, 0xffffffff, 0)


def lying_zip64(key):
    one = local(b"first.key", key, len(key), zlib.crc32(key), 0)
    d = central(b"first.key", 0, len(key), len(key), zlib.crc32(key), 0)
    n = 1 << 40
    end = struct.pack("<IQHHIIQQQQ", 0x06064b50, 44, 45, 45, 0, 0, n, n, len(d), len(one)) + \
        struct.pack("<IIQI", 0x07064b50, 0, len(one) + len(d), 1)
    return one + d + end + struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 0xffff, 0xffff, 0xffffffff, 0xffffffff, 0)


def two_names(key):
    """The directory says one name, the file's own header another, which counts; and a file that the directory does not know."""
    one = local(b"inner.key", key, len(key), zlib.crc32(key), 0)
    two = local(b"unlisted", b"hi", 2, zlib.crc32(b"hi"), 0)
    return one + two + directory([central(b"outer.key", 0, len(key), len(key), zlib.crc32(key), 0)], len(one + two))


def sized_zip(key, says):
    """A file that unpacks to other than it says."""
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = c.compress(key) + c.flush()
    one = local(b"first.key", packed, says, zlib.crc32(key))
    return one + directory([central(b"first.key", 0, len(packed), says, zlib.crc32(key))], len(one))


def zstd(data, *args):
    return subprocess.run(["zstd", "-q", "-c", *args], input=data, stdout=subprocess.PIPE, check=True).stdout


def bombs(key):
    first = entry("first.key", key)
    flat = bytes(1 << 24)
    inner = zip_of([(f"{i}.bin", flat) for i in range(16)])
    return {
        "forty-two.zip": Case(zip_of([("first.key", key)] + [(f"{i}.zip", zip_of([(f"{k}.zip", inner) for k in range(16)]))
                                                             for i in range(16)]), LIMIT, ("first.key",)),
        "overlap.zip": Case(overlapping(400, 1 << 20), LIMIT),
        "ten-gib.gz": Case(gzip_of_zeros(640), LIMIT),
        "ten-gib.tar.gz": Case(gzip.compress(first + header("z", 10 << 30)) + gzip_of_zeros(640), LIMIT, ("first.key",), True),
        "bomb.bz2": Case(bz2.compress(bytes(45_000_000)) * 24, LIMIT),
        "bomb.xz": Case(lzma.compress(bytes(1 << 24), preset=0) * 64, LIMIT),
        "bomb.zst": Case(zstd(bytes(1 << 24)) * 64, LIMIT),
        "bomb.tar.zst": Case(zstd(first + header("z", 10 << 30)) + zstd(bytes(1 << 26)) * 160, LIMIT, ("first.key",), True),
        "bomb.lzma": Case(lzma.compress(bytes(256 << 20), format=lzma.FORMAT_ALONE, preset=0), LIMIT),
        "twice.gz": Case(gzip.compress(gzip_of_zeros(32), 9), LIMIT),
        "window.zst": Case(b"\x28\xb5\x2f\xfd\0\xff\1\0\0" + bytes(16), "over the 128 MiB limit"),
        "window.tar.zst": Case(zstd(first * 3, "--ultra", "-22", "--long=31"), "over the 128 MiB limit", (), True),
        "dictionary.xz": Case(xz_with_dictionary(key, 36), "limit of 128 MiB"),
        "small.7z": Case(seven("first.key", key, 20), "", ("first.key",)),
        "dictionary.7z": Case(seven("first.key", key, 37), "limit of 128 MiB"),
        "most.xz": Case(xz_with_dictionary(key, 30), "", ("most",)),
        "dictionary.lzma": Case(lzma_alone(0xc0000000, 1 << 30, bytes(4000)), "archive"),
        "deep.zip": Case(nested(key, 60, lambda b: zip_of([("in.zip", b)])), "in 5 others"),
        "deep.tar": Case(nested(entry("last.key", key) + END, 99, lambda b: entry("in.tar", b) + END), "in 5 others", (), True),
        "deep.gz": Case(nested(key, 40, gzip.compress), "too many filters"),
        "header.tar": Case(first + entry("x", b"19999990 comment=" + b"x" * 99_999_983, kind=b"x") + entry("a", b"a") + END, "header",
                           ("first.key",), True),
        "name.tar": Case(first + long_name(b"n" * (40 << 20), b"x") + END, "header", ("first.key",), True),
    }


def lies(key):
    first = entry("first.key", key)
    last = entry("last.key", key)
    both = ("first.key", "last.key")
    e = bytearray(zip_of([("first.key", key), ("locked.key", key)], zipfile.ZIP_STORED))
    at = e.index(b"PK\3\4", 4)
    e[at + 6] |= 1
    at = e.index(b"PK\1\2", e.index(b"PK\1\2") + 4)
    e[at + 8] |= 1
    return {
        "count.zip": Case(lying_zip64(key), "", ("first.key",)),
        "two-names.zip": Case(two_names(key), "", ("inner.key",)),
        "short.zip": Case(sized_zip(key, 10), "", ("first.key",)),
        "long.zip": Case(sized_zip(key, 1 << 30), "", ("first.key",)),
        "locked.zip": Case(bytes(e), "1 encrypted", ("first.key",)),
        "comment.zip": Case(zip_of([("first.key", key)])[:-2] + struct.pack("<H", 9000) + b"c" * 9000, "", ("first.key",)),
        "size.tar": Case(first + header("x", 8 << 30) + key, "runcated", ("first.key",), True),
        "tebibytes.tar": Case(first + header("x", 0, size_field=b"\x80" + (1 << 45).to_bytes(11, "big")) + END, "1 TiB", ("first.key",)),
        "negative.tar": Case(first + header("x", 0, size_field=b"\xff" * 12) + last + END, "archive", ("first.key",)),
        "time.tar": Case(first + header("x", 0, mtime_field=b"\xff" * 12) + last + END, "", both, True),
        "pax-size.tar": Case(first + pax({"size": "-5"}, "x", b"") + last + END, None, ("first.key",)),
        "pax-huge.tar": Case(first + pax({"size": "9" * 30}, "x", b"") + last + END, None, ("first.key",)),
        "pax-line.tar": Case(first + entry("p", b"99 path=x\n", kind=b"x") + last + END, None, ("first.key",)),
        "sparse.tar": Case(first + pax({"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s", "GNU.sparse.realsize":
                                        str(1 << 39)}, "s", (b"1\n%d\n512\n" % ((1 << 39) - 512)).ljust(512, b"\0") + b"x" * 512) +
                           last + END, "", both),
        "holes.tar": Case(first + pax({"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s", "GNU.sparse.realsize":
                                       "9999"}, "s", b"999999999999\n".ljust(512, b"\0")) + last + END, None, ("first.key",)),
        "garbage.gz": Case(gzip.compress(key) + random.Random(1).randbytes(5000), None, ("garbage",)),
        "garbage.tar": Case(first + END + random.Random(2).randbytes(5000), "Damaged", ("first.key",), True),
        "two.tar": Case(first + END + last + END, "", both, True), "two.tar.gz": Case(gzip.compress(first + END) + gzip.compress(last + END), "", both, True),
        "partition.gz": Case(gzip.compress(bytes(1024) + key), "", ("partition",)),
        "partition.xz": Case(lzma.compress(bytes(4000) + key), "", ("partition",)),
        "partition.zst": Case(zstd(bytes(70000) + key), "", ("partition",)),
        "garbage.zip": Case(zip_of([("first.key", key)]) + random.Random(3).randbytes(5000), None, ("first.key",)),
        "garbage.xz": Case(lzma.compress(key) + random.Random(4).randbytes(5000), "archive"),
        "sum.gz": Case(gzip.compress(key)[:-8] + bytes(8), None, ("sum",)),
        "empty.gz": Case(gzip.compress(b"")), "empty.tar": Case(END * 10, "", (), True), "empty.zip": Case(zip_of([])),
        "zeros.gz": Case(gzip.compress(bytes(4096))),
    }


def names(key):
    def files(*pairs):
        return b"".join(entry(n, b) for n, b in pairs) + END
    kinds = [header(f"kind{i}", kind=k, link=t) for i, (k, t) in enumerate((
        (b"1", "missing"), (b"1", "/etc/passwd"), (b"1", "../../up"), (b"1", "kind0"), (b"1", "first.key"), (b"2", "kind6"), (b"2", "kind5"),
        (b"2", "/"), (b"3", ""), (b"4", ""), (b"6", ""), (b"7", ""), (b"9", ""), (b"D", ""), (b"M", ""), (b"V", ""), (b"Z", "")))]
    return {
        "up.tar": Case(files(("../../../etc/up.key", key)), "", ("../../../etc/up.key",)),
        "root.tar": Case(files(("/etc/root.key", key)), "", ("/etc/root.key",)),
        "back.zip": Case(zip_of([("..\\..\\back.key", key)]), "", ("../../back.key",)),
        "drive.zip": Case(zip_of([("C:\\x.key", key)]), "", ("C:/x.key",)),
        "bytes.tar": Case(files((b"\xff\xfe/\x01\x1b[31m\x7f.key", key)), "", (None,), True),
        "nul.tar": Case(pax({"path": b"a\0b.key"}, "x", key) + END, None, (None,)),
        "empty.tar.gz": Case(gzip.compress(files(("", key), ("first.key", key))), None, ("first.key",)),
        "long.tar": Case(entry("first.key", key) + long_name(b"d/" * 32768 + b"n", key) + entry("last.key", key) + END, "4,096 bytes",
                         ("first.key", "last.key")),
        "twice.tar": Case(files(("a.key", key), ("a.key", b"gone"), ("a.key", key)), "", ("a.key",), True),
        "twice.zip": Case(local(b"a.key", key, len(key), zlib.crc32(key), 0) + directory(
            [central(b"a.key", 0, len(key), len(key), zlib.crc32(key), 0)] * 3, 39 - 9 + 5 + len(key)), "", ("a.key",)),
        "kinds.tar": Case(entry("first.key", key) + b"".join(kinds) + entry("last.key", key) + END, "", ("first.key", "last.key"), True),
        "dots.tar": Case(files(("./././a/./b.key", key), (".", b"x"), ("..", b"x")), "", ("a/./b.key",)),
        "folder.tar": Case(files(("first.key", key), ("/", b"x"), ("last.key", key)), "Damaged", ("first.key",)),
    }


def cuts(key, kind):
    """An archive with the key at its begin, cut everywhere."""
    noise = random.Random(7).randbytes(300_000 if kind in ("tar.gz", "tar.xz", "tar.zst") else 20_000)
    files = [("first.key", key), ("noise", noise), ("last.key", key)]
    tar = b"".join(entry(n, b) for n, b in files) + END
    whole = {"tar": tar, "tar.gz": gzip.compress(tar), "tar.xz": lzma.compress(tar), "tar.bz2": bz2.compress(tar),
             "tar.zst": zstd(tar), "zip": zip_of(files)}[kind]
    return whole, [whole[:len(whole) * i // 50] for i in range(1, 50)]


def flips(whole, n, seed):
    r = random.Random(seed)
    for _ in range(n):
        bad = bytearray(whole)
        for _ in range(r.choice((1, 1, 2, 8))):
            bad[r.randrange(len(bad))] ^= 1 << r.randrange(8)
        yield bytes(bad)


def cases(key):
    made = {}
    for part in (bombs(key), lies(key), names(key)):
        made.update(part)
    return made


def plain_tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, body in files:
            i = tarfile.TarInfo(name)
            i.size = len(body)
            t.addfile(i, io.BytesIO(body))
    return out.getvalue()
