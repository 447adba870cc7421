"""What holds of a page of ours whatever it says, found without a browser.

Allowed are: the tags and the attributes of its own templates; one style and one script, those that the page's
Content-Security-Policy names by SHA-256; links to the page itself. A style attribute is never right: the policy blocks it.
"""
import base64
import hashlib
import html.parser
import re

import kit

HTML = kit.REPO / "reports/html"
TEMPLATES = "".join(p.read_text() for p in sorted(HTML.glob("*.html")))
TAGS = {t.lower() for t in re.findall(r"<([a-zA-Z][a-zA-Z0-9]*)", TEMPLATES)}
ATTRIBUTES = {a.lower() for a in re.findall(r"[\s}]([a-zA-Z][a-zA-Z0-9:-]*)(?==\"|[\s>{])", TEMPLATES)}
LINKS = {"href", "xlink:href", "src", "srcset", "action", "formaction", "poster", "data", "background", "cite", "ping"}
# Values that are ours: numbers, names of classes, kinds of things. Untrusted text is in these alone.
FREE = {"aria-label", "content", "data-f", "title", "data-v"}
PLAIN = re.compile(r"[A-Za-z0-9\s.,;:#%/()_+-]*")


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tree, self.wrong, self.ids, self.text, self.said = [], [], {}, [], []
        self.inside, self.held, self.policy, self.open = None, {"style": [], "script": []}, "", []
        self.feed(text)
        self.close()
        if self.open:
            self.wrong.append(f"never closed: {self.open[-5:]}")

    def bad(self, words, *what):
        self.wrong.append(f"line {self.getpos()[0]}: {words}: " + " ".join(repr(w)[:90] for w in what))

    VOID = {"meta", "link", "input", "br", "hr", "img", "wbr", "col"}

    def handle_starttag(self, tag, attrs):
        self.start(tag, attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.start(tag, attrs)

    # HTML lets these be closed by what follows them.
    LOOSE = {"p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "option"}

    def handle_endtag(self, tag):
        self.inside = None
        while self.open and self.open[-1] != tag and self.open[-1] in self.LOOSE:
            self.open.pop()
        if not self.open or self.open.pop() != tag:
            self.bad("closes what is not open", tag)

    def start(self, tag, attrs):
        self.tree.append((tag, *sorted(a for a, _ in attrs)))
        if tag not in TAGS:
            self.bad("a tag of no template", tag)
        if tag in self.held:
            self.inside = tag
            self.held[tag].append("")
        for name, value in attrs:
            self.attribute(tag, name, value or "")
        a = dict(attrs)
        if len(a) != len(attrs):
            self.bad("an attribute twice", tag, attrs)
        if tag == "meta" and a.get("http-equiv"):
            self.policy += a["content"] if a["http-equiv"] == "Content-Security-Policy" else ""
            if a["http-equiv"] != "Content-Security-Policy":
                self.bad("http-equiv", a["http-equiv"])

    def attribute(self, tag, name, value):
        if name.startswith("on") or name == "style" or name not in ATTRIBUTES:
            self.bad("an attribute of no template", tag, name, value)
        if name in LINKS and not value.startswith("#"):
            self.bad("a link out of the page", tag, name, value)
        if name not in FREE | LINKS and not PLAIN.fullmatch(value):
            self.bad("an attribute with more than plain words", tag, name, value)
        if name not in FREE and "url(" in value:
            self.bad("url()", tag, name, value)
        if name == "id":
            if value in self.ids:
                self.bad("an id twice", value)
            self.ids[value] = True
        if name in FREE:
            self.said.append(value)

    def handle_data(self, data):
        if self.inside:
            self.held[self.inside][-1] += data
        else:
            self.text.append(data)

    def handle_comment(self, data):
        self.bad("a comment", data)

    def handle_pi(self, data):
        self.bad("a processing instruction", data)

    def unknown_decl(self, data):
        self.bad("a declaration", data)

    def words(self):
        return "".join(self.text)


def check(path):
    """(the page as read, list of what is wrong with it)."""
    data = open(path, "rb").read()
    wrong = []
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as e:
        return None, [f"not UTF-8: {e}"]
    raw = re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]", text)
    if raw:
        wrong.append(f"a character that does not show, at {raw.start()}: {text[raw.start() - 30:raw.end() + 9]!r}")
    p = Page(text)
    for kind, file in (("style", "style.css"), ("script", "page.js")):
        if len(p.held[kind]) != 1:
            wrong.append(f"{len(p.held[kind])} of {kind}")
            continue
        held = p.held[kind][0].encode()
        digest = "sha256-" + base64.b64encode(hashlib.sha256(held).digest()).decode()
        if re.findall(rf"{kind}-src ([^;]*)", p.policy) != [f"'{digest}'"]:
            wrong.append(f"the policy does not name the {kind} it holds, and it alone: {p.policy}")
        if held.decode().strip() != (HTML / file).read_text().strip():
            wrong.append(f"the {kind} is not {file}")
        if re.search(r"url\(|@import|https?://|//[a-z]+\.", held.decode()) and kind == "style":
            wrong.append("the style reaches out")
    if not p.policy.startswith("default-src 'none';") or "unsafe" in p.policy:
        wrong.append(f"policy: {p.policy}")
    return p, wrong + p.wrong
