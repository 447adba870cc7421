"""Texts made to break out of where they are put, and a report that holds them in every free text.

A text is appended to what a report says, so that references between its parts still meet and things keep their order.
Its harmless twin is as long, with every character that means something to HTML, SVG, CSS, script or a template replaced.
"""
import copy
import json
import re
import zlib

# Every text bears MARK, so that it can be looked for; RUNS is what foreign code would do.
MARK, RUNS = "zq9", "window.__pwned=1"
TEXTS = {
    "element": f"<img src=x onerror={RUNS}>{MARK}",
    "script": f"<script>{RUNS}</script>{MARK}",
    "end-script": f"</script><script>{RUNS}//{MARK}",
    "end-style": f"</style><style>*{{display:none}}</style>{MARK}",
    "end-title": f"</title></head><body onload={RUNS}>{MARK}",
    "comment": f"--><!--{MARK}--!><b>",
    "cdata": f"]]><![CDATA[<i>{MARK}",
    "double-quote": f'" onmouseover="{RUNS}" x="{MARK}',
    "single-quote": f"' onmouseover='{RUNS}' x='{MARK}",
    "backtick": f"`-${{{RUNS}}}`{MARK}",
    "no-quote": f" onfocus={RUNS} autofocus tabindex=1 {MARK}",
    "svg": f"</text></svg><svg onload={RUNS}><animate onbegin={RUNS} attributeName=x dur=1s>{MARK}",
    "foreign": f"<foreignObject><iframe srcdoc='<script>{RUNS}</script>'></iframe>{MARK}",
    "style": f"x;background:url(https://evil.example/{MARK});}}*{{x:expression({RUNS})",
    "javascript-url": f"javascript:{RUNS}//{MARK}",
    "data-url": f"data:text/html,<script>{RUNS}</script>{MARK}",
    "remote-url": f"//evil.example/{MARK}?q=\"><base href=//evil.example/>",
    "meta": f'<meta http-equiv="refresh" content="0;url=https://evil.example/{MARK}">',
    "form": f"<form action=//evil.example><input name={MARK} autofocus></form>",
    "details": f"</details></li></ul></td></tr></table></section></main>{MARK}",
    "pre": f"</pre></code><textarea>{MARK}",
    "field": "{{tool_version}}" + MARK,
    "raw-field": "{{{tool_version}}}{{&tool_version}}" + MARK,
    "partial": "{{>page.js}}{{#assets}}" + MARK + "{{/verdict}}",
    "entity": f"&lt;script&gt;{RUNS}&lt;/script&gt;&#60;b&#62;&amp;quot;{MARK}",
    "percent": f"%3Cscript%3E{RUNS}%3C/script%3E%22%00{MARK}%s%n",
    "backslash": f'\\"\\x3cscript\\x3e\\u003cscript\\u003e\\{MARK}\\',
    "formula": f"=HYPERLINK(\"https://evil.example\",\"{MARK}\")+@-|cmd",
    "newline": f"a\r\n{MARK} 1\n# HELP x\ny\n",
    "bidi": f"\u202egnp.\u2066{MARK}\u2069\u202c\u200f\u200e\u061cx",
    "separators": f"\u2028{MARK}\u2029\u0085x",
    "terminal": f"\x1b]0;{MARK}\x07\x1b[31m\x1b[2J\x9b1mx\x08\x7f",
    "wide": f"\ufeff{MARK}\U0001f600\u0301\uff1cscript\uff1e",
}
# What a JSON reader has to judge first: written into the file as these bytes stand.
RAW = {
    "nul": b"\\u0000" + MARK.encode() + b"<b>",
    "lone-high": b"\\ud800" + MARK.encode() + b"<b>",
    "lone-low": b"x\\udc00<b>" + MARK.encode(),
    "invalid": b"\xff\xfe<b>" + MARK.encode(),
    "overlong": b"\xc0\xbcscript\xc0\xbe" + MARK.encode(),
    "surrogate-bytes": b"\xed\xa0\x80<b>" + MARK.encode(),
    "cut-sequence": b"<b>" + MARK.encode() + b"\xe2\x80",
    "raw-control": b"\x01\x1b[31m" + MARK.encode(),
    "raw-nul": b"\x00<b>" + MARK.encode(),
    "wrong-escape": b"\\x3cb\\x3e" + MARK.encode(),
}
# The inventory: everything behind it is computed again from it.
INVENTORY = ("tool", "rules", "settings", "targets", "findings", "objects", "stores", "endpoints", "coverage")
# Words that the graph is made by: spoiled one by one, for with all of them gone there is no graph to draw.
VOCABULARY = (".facts[].key", ".attributes[].key", ".objects[].group", ".objects[].kind", ".objects[].namespace")
# Facts that name things; what they say must meet the names of the things.
NAMING = re.compile(r"(^|[.\]])(name|title|owner|image|hosts?|hostnames?|secretName|claimName|app|(on|sources|hosts|dnsNames|args|command|hostnames)"
                    r"\[\d+\]|storageUri|runtime|server|commonName|serviceAccountName|containers\[0\].env\[\d\].value)$")
HIDDEN = {*range(0x20), *range(0x7f, 0xa0), 0x61c, 0x200e, 0x200f, *range(0x2028, 0x202f), *range(0x2066, 0x206a)}
MEANS = set("<>\"'`&{}()[]$%\\=;|#!@+*")


def printable(text):
    """What a report says of a text: control and directional characters spelled out."""
    return "".join("".join(f"\\x{b:02x}" for b in c.encode()) if ord(c) in HIDDEN else c for c in text)


def twin(text):
    return "".join("x" if c in MEANS else c for c in printable(text))


def leaves(doc):
    """(name of the place, container, key) of every text of the inventory."""
    found = []

    def walk(v, name):
        for k, x in list(v.items() if isinstance(v, dict) else enumerate(v)):
            at = f"{name}.{k}" if isinstance(v, dict) else f"{name}[]"
            if isinstance(x, (dict, list)):
                walk(x, at)
            elif isinstance(x, str):
                found.append((at, v, k))

    for part in INVENTORY:
        if part in doc:
            walk({part: doc[part]}, "")
    return found


def names(doc):
    return sorted({n for n, _, _ in leaves(doc)})


def spoil(doc, where, text):
    """A copy whose texts at `where` have text(original) behind them: equal originals stay equal."""
    doc = copy.deepcopy(doc)
    for name, v, k in leaves(doc):
        if name in where and (len(where) == 1 or "key" not in v or NAMING.search(v["key"])):
            v[k] = f"{v[k]}~{text(v[k])}"
    return doc


def rotated(shift, change=lambda t: t):
    """One of TEXTS for each original, another with another shift."""
    texts = list(TEXTS.values())
    return lambda original: change(texts[(zlib.crc32(original.rsplit("/", 1)[-1].encode()) + shift) % len(texts)])


def write(path, doc, raw=None):
    """JSON with raw for every U+E000, a character that no report of ours holds."""
    text = json.dumps(doc, ensure_ascii=False).encode()
    with open(path, "wb") as f:
        f.write(text if raw is None else text.replace("\ue000".encode(), raw))
    return path
