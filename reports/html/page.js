"use strict";
(function () {
	var box = document.getElementById("find"), text = document.getElementById("find-text"),
		shown = document.getElementById("find-n");
	var causes = Array.prototype.slice.call(document.querySelectorAll(".cause"));
	var words = null;

	function filter() {
		var want = text.value.trim().toLowerCase(), n = 0;

		if (words === null)
			words = causes.map(function (c) { return c.textContent.toLowerCase(); });
		causes.forEach(function (c, i) {
			c.hidden = want !== "" && words[i].indexOf(want) < 0;
			n += c.hidden ? 0 : 1;
		});
		shown.textContent = want === "" ? "" : n + " of " + causes.length;
	}

	if (box !== null && causes.length > 5) {
		box.hidden = false;
		text.addEventListener("input", filter);
	}

	function sortBy(table, column, up) {
		var body = table.tBodies[0], rows = Array.prototype.slice.call(body.rows);

		function key(row) {
			for (var i = 0, at = 0; i < row.cells.length; i++) {
				if (at === column || at + row.cells[i].colSpan > column)
					return row.cells[i].dataset.v || row.cells[i].textContent;
				at += row.cells[i].colSpan;
			}
			return "";
		}
		rows.sort(function (a, b) {
			var x = key(a), y = key(b), c = x - y;

			if (isNaN(c))
				c = x < y ? -1 : x > y ? 1 : 0;
			return up ? c : -c;
		});
		rows.forEach(function (r) { body.appendChild(r); });
	}

	Array.prototype.forEach.call(document.querySelectorAll("table.sortable"), function (table) {
		Array.prototype.forEach.call(table.tHead.rows[0].cells, function (th, i) {
			var b = document.createElement("button");

			if (th.classList.contains("dots"))
				return;
			b.type = "button";
			b.textContent = th.textContent;
			th.textContent = "";
			th.appendChild(b);
			b.addEventListener("click", function () {
				var up = th.getAttribute("aria-sort") === "descending";

				Array.prototype.forEach.call(th.parentNode.cells, function (o) {
					o.removeAttribute("aria-sort");
				});
				th.setAttribute("aria-sort", up ? "ascending" : "descending");
				sortBy(table, i, up);
			});
		});
	});

	/* A link to a closed card opens it. */
	function reveal() {
		var e = location.hash.length > 1 && document.getElementById(location.hash.slice(1));

		if (e && e.tagName === "DETAILS")
			e.open = true;
	}
	window.addEventListener("hashchange", reveal);
	reveal();
})();
