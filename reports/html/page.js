"use strict";
(function () {
	var each = function (list, f) { return Array.prototype.forEach.call(list, f); };
	var id = function (name) { return document.getElementById(name); };
	var said = make("p", "vh js", ""), all = function (css, e) { return (e || document).querySelectorAll(css); };

	said.setAttribute("role", "status");
	document.body.appendChild(said);

	function make(tag, cls, text) {
		var e = document.createElement(tag);

		e.className = cls;
		e.textContent = text;
		if (tag === "button")
			e.type = "button";
		return e;
	}

	/* A card of thousands of rows moves much faster when it need not leave the page. */
	function put(parent, e) {
		if (parent.moveBefore)
			parent.moveBefore(e, null);
		else
			parent.appendChild(e);
	}

	/* ---- findings: a cause holds groups, a group rows ---- */
	var causes = Array.prototype.map.call(all(".cause"), function (e, i) {
		return { e: e, no: i, at: e.dataset, n: +e.dataset.n, groups: null, hit: 0, late: false };
	});
	var box = id("find"), text = id("find-text"), shown = id("find-n"), list = id("causes");
	var narrow = { m: "", q: "", f: "", a: "" }, want = [], total = 0;

	/* Text of every row, lower case: made when the browser has time, or at the first key. */
	function index(c) {
		if (c.groups !== null)
			return c;
		var head = "";

		each(c.e.children[0].childNodes, function (n) { head += n.textContent + " "; });
		each(all(".body > p:not(.grp)", c.e), function (p) { head += p.textContent + " "; });
		c.words = head.toLowerCase();
		c.groups = [];
		each(all(".grp, .rows", c.e), function (e) {
			var link, g = c.groups[c.groups.length - 1];

			if (e.tagName === "P") {
				link = e.firstChild;
				c.groups.push({ e: e, words: e.textContent.toLowerCase(),
					name: link ? link.textContent.split(" · ")[0] : "", blocks: [], hit: -1 });
				return;
			}
			g.blocks.push({ e: e, rows: Array.prototype.map.call(e.children, function (li) {
				return { e: li, words: li.textContent.toLowerCase(), off: false };
			}) });
		});
		return c;
	}

	function lacks(words, text) {
		return words.filter(function (w) { return text.indexOf(w) < 0; });
	}

	/* How many rows of a cause are wanted; what is to be hidden is marked, and done when it is open. */
	function match(c) {
		var left = lacks(want, index(c).words), n = 0;
		var out = (narrow.m !== "" && c.at.m !== narrow.m) || (narrow.q !== "" && c.at.q !== narrow.q) ||
			(narrow.f !== "" && c.at.f !== narrow.f);

		c.groups.forEach(function (g) {
			var need = lacks(left, g.words), off = out || (narrow.a !== "" && g.name !== narrow.a);

			g.hit = 0;
			g.blocks.forEach(function (b) {
				b.hit = 0;
				for (var i = 0; i < b.rows.length; i++) {
					var r = b.rows[i], ok = !off;

					for (var k = 0; ok && k < need.length; k++)
						ok = r.words.indexOf(need[k]) >= 0;
					r.want = ok;
					b.hit += ok ? 1 : 0;
				}
				g.hit += b.hit;
			});
			n += g.hit;
		});
		return n;
	}

	function draw(c) {
		c.late = false;
		c.groups.forEach(function (g) {
			g.e.hidden = g.hit === 0;
			g.blocks.forEach(function (b) {
				b.e.hidden = b.hit === 0;
				if (b.hit > 0)
					b.rows.forEach(function (r) {
						if (r.off === r.want)
							r.e.hidden = r.off = !r.want;
					});
			});
		});
	}

	function filter() {
		var is_on = want.length > 0 || narrow.m + narrow.q + narrow.f + narrow.a !== "", places = 0, n = 0;

		causes.forEach(function (c) {
			c.hit = match(c);
			c.e.hidden = c.hit === 0;
			places += c.hit;
			n += c.hit > 0 ? 1 : 0;
			c.late = true;
			if (c.e.open && c.hit > 0)
				draw(c);
		});
		shown.textContent = is_on ? places + " of " + total + " places, " + n + " of " + causes.length + " causes" : "";
	}

	function typed() {
		want = text.value.toLowerCase().split(/\s+/).filter(Boolean);
		filter();
	}

	function options(key, label, values, base) {
		var l = make("label", "", label + " "), s = make("select", "", ""), seen = {};

		s.id = "find-" + key;
		(base ? [base] : []).concat(values.filter(function (v) { return v !== "" && !seen["$" + v] && (seen["$" + v] = 1); }).sort())
			.forEach(function (v, i) {
				var o = make("option", "", v);

				o.value = i === 0 ? "" : v;
				s.appendChild(o);
			});
		if (s.options.length < 3)
			return null;
		l.appendChild(s);
		return box.appendChild(l) && s;
	}

	function facet(key, label, values) {
		var s = options(key, label, values, "any");

		if (s !== null)
			s.addEventListener("change", function () {
				narrow[key] = s.value;
				filter();
			});
	}

	var orders = { "worst first": function (a, b) { return a.no - b.no; },
		"most places": function (a, b) { return b.n - a.n || a.no - b.no; },
		"algorithm": function (a, b) { return a.at.f < b.at.f ? -1 : a.at.f > b.at.f ? 1 : a.no - b.no; } };

	function of(key) {
		return causes.map(function (c) { return c.at[key]; });
	}

	function finder() {
		var names = Array.prototype.map.call(all(".grp"), function (e) { return e.firstChild.textContent.split(" · ")[0]; });
		var order, open = make("button", "", "Open all");

		total = all(".rows > li").length;
		facet("m", "Meaning", of("m"));
		facet("q", "Status", of("q"));
		facet("f", "Algorithm", of("f"));
		facet("a", "Asset", names);
		order = options("sort", "Order", Object.keys(orders).slice(1), "worst first");
		order.addEventListener("change", function () {
			causes.slice().sort(orders[order.value || "worst first"]).forEach(function (c) { put(list, c.e); });
		});
		open.id = "find-all";
		box.appendChild(open);
		both(open, function () { return all("#causes > .cause:not([hidden])"); });
		text.addEventListener("input", typed);
		list.addEventListener("toggle", function (ev) {
			causes.forEach(function (c) {
				if (c.e === ev.target && c.late && c.e.open)
					draw(c);
			});
		}, true);
		box.hidden = false;
		(function idle(i) {
			if (i < causes.length && window.requestIdleCallback)
				window.requestIdleCallback(function () { index(causes[i]); idle(i + 1); });
		})(0);
	}

	/* ---- open or close all of a kind ---- */
	function both(button, cards) {
		button.addEventListener("click", function () {
			var open = button.textContent === "Open all";

			each(cards(), function (d) { d.open = open; });
			button.textContent = open ? "Close all" : "Open all";
		});
	}

	if (box !== null && all(".rows > li").length > 5)
		finder();
	each(["plan", "details"], function (name) {
		var h = id(name), part = h && h.parentNode, b = make("button", "all js", "Open all");

		if (h === null || all(".card", part).length < 3)
			return;
		b.setAttribute("aria-label", "Open all: " + h.textContent);
		h.parentNode.insertBefore(b, h.nextSibling);
		both(b, function () { return all(".card", part); });
		b.addEventListener("click", function () { b.setAttribute("aria-label", b.textContent + ": " + h.textContent); });
	});

	/* ---- tables ---- */
	function key(row, column) {
		for (var i = 0, at = 0; i < row.cells.length; i++) {
			if (at === column || at + row.cells[i].colSpan > column)
				return row.cells[i].dataset.v || row.cells[i].textContent;
			at += row.cells[i].colSpan;
		}
		return "";
	}

	function sortBy(table, column, up) {
		var body = table.tBodies[0];

		Array.prototype.map.call(body.rows, function (r) { return { e: r, v: key(r, column) }; }).sort(function (a, b) {
			var c = a.v - b.v;

			if (isNaN(c))
				c = a.v < b.v ? -1 : a.v > b.v ? 1 : 0;
			return up ? c : -c;
		}).forEach(function (r) { body.appendChild(r.e); });
	}

	each(all("table.sortable"), function (table) {
		each(table.tHead.rows[0].cells, function (th, i) {
			var b = make("button", "", th.textContent);

			if (th.classList.contains("dots"))
				return;
			th.textContent = "";
			th.appendChild(b);
			b.addEventListener("click", function () {
				var up = th.getAttribute("aria-sort") === "descending";

				each(th.parentNode.cells, function (o) { o.removeAttribute("aria-sort"); });
				th.setAttribute("aria-sort", up ? "ascending" : "descending");
				sortBy(table, i, up);
			});
		});
	});

	/* ---- commands and patches: a button that copies ---- */
	function copied(ok) {
		said.textContent = "";
		window.setTimeout(function () { said.textContent = ok ? "Copied" : "Not copied: select the text and copy it"; }, 50);
	}

	/* A page opened as a file may have no navigator.clipboard. */
	function byHand(text) {
		var t = make("textarea", "vh", ""), was = document.activeElement, ok;

		t.value = text;
		document.body.appendChild(t);
		t.select();
		ok = document.execCommand("copy");
		t.remove();
		was.focus();
		copied(ok);
	}

	each(all("main pre"), function (pre) {
		var b = make("button", "copy js", "Copy"), text = pre.textContent.replace(/\n$/, "");

		b.addEventListener("click", function () {
			if (navigator.clipboard)
				navigator.clipboard.writeText(text).then(function () { copied(true); }, function () { byHand(text); });
			else
				byHand(text);
		});
		pre.parentNode.classList.add("copies");
		pre.parentNode.insertBefore(b, pre.nextSibling);
	});

	/* ---- links ---- */
	/* A link to something in a closed card opens it; one to a finding may carry its whole id. */
	function reveal() {
		var name = location.hash.slice(1), e = name !== "" && (id(name) || (/^f[0-9a-f]{32}$/.test(name) && id(name.slice(0, 13))));

		if (!e)
			return;
		if (e.closest("[hidden]") && box !== null) {
			narrow = { m: "", q: "", f: "", a: "" };
			each(all("select", box), function (s) { s.selectedIndex = 0; });
			text.value = "";
			typed();
		}
		for (var d = e; d !== null; d = d.parentElement)
			if (d.tagName === "DETAILS")
				d.open = true;
		if (e.tagName === "LI")
			e.scrollIntoView({ block: "center" });
	}
	window.addEventListener("hashchange", reveal);
	reveal();
	document.addEventListener("keydown", function (ev) {
		if (ev.key !== "/" || ev.ctrlKey || ev.metaKey || ev.altKey || box === null || box.hidden ||
			/^(INPUT|SELECT|TEXTAREA)$/.test(ev.target.tagName))
			return;
		ev.preventDefault();
		text.focus();
	});
})();
