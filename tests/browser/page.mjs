// node page.mjs FILE NAME SHOTS [all]: one report as a person meets it: widths, light and dark, keyboard, paper, no script.
import { createRequire } from "node:module";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { close, open, openAll, say } from "./kit.mjs";

const [file, name, shots, all] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function accessible(page) {
	await page.evaluate(axe);
	const found = await page.evaluate(tags => window.axe.run(document, { runOnly: tags, resultTypes: ["violations"] }), TAGS);
	return found.violations.flatMap(v => v.nodes.slice(0, 3).map(n => `${v.id}: ${n.target} ${n.failureSummary?.split("\n")[1] ?? ""}`));
}

// What sticks out of the page to the right, and what of it a person cannot scroll to.
const wide = page => page.evaluate(() => {
	const max = document.documentElement.clientWidth, out = [];

	if (document.documentElement.scrollWidth > max)
		for (const e of document.body.querySelectorAll("*"))
			if (e.getBoundingClientRect().right > max + 1 && !e.closest(".wide, nav") && out.length < 4)
				out.push(`${e.tagName}.${e.getAttribute("class")} ${Math.round(e.getBoundingClientRect().right)}: ${e.textContent.slice(0, 40)}`);
	return document.documentElement.scrollWidth > max ? [`page ${document.documentElement.scrollWidth} > ${max}`, ...out] : [];
});

// Words of a drawing that lie over each other, or outside of it.
const labels = page => page.evaluate(() => {
	const out = [];

	for (const svg of document.querySelectorAll("svg")) {
		const frame = svg.getBoundingClientRect();
		const all = [...svg.querySelectorAll("text")].map(t => [t, t.getBoundingClientRect()]).filter(([, r]) => r.width > 0);

		all.forEach(([t, r], i) => {
			if (r.left < frame.left - 1 || r.right > frame.right + 1 || r.top < frame.top - 1 || r.bottom > frame.bottom + 1)
				out.push(`outside: ${t.textContent}`);
			for (const [u, q] of all.slice(i + 1))
				if (Math.min(r.right, q.right) - Math.max(r.left, q.left) > 2 && Math.min(r.bottom, q.bottom) - Math.max(r.top, q.top) > 3)
					out.push(`'${t.textContent}' over '${u.textContent}'`);
		});
	}
	return out;
});

// Tab from the first thing to the last: everything that can be used is met, in order, and shows it.
async function keyboard(page) {
	const want = await page.evaluate(() => {
		const all = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
			.filter(e => !e.disabled && e.checkVisibility({ checkVisibilityCSS: true, contentVisibilityAuto: false }));

		all.forEach((e, i) => { e.dataset.stop = i; });
		document.activeElement?.blur();
		window.scrollTo(0, 0);
		return all.length;
	});
	const wrong = [];
	let at = -1;

	for (let n = 0; n <= want; n++) {
		await page.keyboard.press("Tab");
		const e = await page.evaluate(() => {
			const a = document.activeElement, s = getComputedStyle(a), r = a.getBoundingClientRect();
			return { stop: Number(a.dataset.stop ?? -1), words: a.tagName + " " + a.textContent.slice(0, 30),
				shown: (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1) || s.boxShadow !== "none",
				seen: r.bottom > 0 && r.top < innerHeight };
		});
		if (e.stop < 0)
			break;
		if (e.stop !== at + 1)
			wrong.push(`after ${at} comes ${e.stop} (${e.words})`);
		if (!e.shown || !e.seen)
			wrong.push(`${e.words}: focus ${e.shown ? "out of sight" : "without a mark"}`);
		at = e.stop;
	}
	if (at !== want - 1)
		wrong.push(`reached ${at + 1} of ${want}`);
	return { want, wrong };
}

// Each kind of control by keys alone, and links into closed cards.
async function operate(page) {
	const wrong = [], want = (good, words) => good || wrong.push(words);
	const at = (css, what) => page.evaluate(([css, what]) => {
		const e = document.querySelector(css);

		return what === "open" ? e.open : what === "focus" ? (e.focus(), true) : e.getAttribute(what);
	}, [css, what]);
	const head = "table.sortable thead th", card = "#causes > details";

	for (const key of ["Enter", "Space"]) {
		const was = await at(card, "open"), order = await at(head, "aria-sort");

		await at(card + " > summary", "focus");
		await page.keyboard.press(key);
		want(await at(card, "open") === !was, `${key} does not turn a card over`);
		await at(head + " button", "focus");
		await page.keyboard.press(key);
		want(await at(head, "aria-sort") !== order, `${key} does not sort`);
	}
	await page.keyboard.press("/");
	await page.keyboard.type("zzz");
	want(await page.inputValue("#find-text") === "zzz", "/ does not reach the filter");
	want((await page.textContent("#find-n")).startsWith("0 of "), "the filter does not answer to keys");
	await page.keyboard.press("Escape");
	want(await page.inputValue("#find-text") === "", "Esc does not empty the filter");
	want(!(await page.textContent("#find-n")).startsWith("0 of "), "Esc leaves the places hidden");
	for (const css of ["#causes > details:last-child", "#causes > details:last-child li[id]", "details.asset:last-of-type"]) {
		const shut = await page.evaluate(css => {
			for (const d of document.querySelectorAll("details"))
				d.open = false;
			location.hash = "#" + document.querySelector(css).id;
			return new Promise(done => setTimeout(() => done(!document.querySelector(css).closest("details").open), 60));
		}, css);
		want(!shut, `a link to ${css} leaves its card shut`);
	}
	for (const words of ["Would flip it", "Threats", "pulled forward", "volatile"])
		want((await page.textContent("main")).includes(words), `the page does not say '${words}'`);
	return wrong;
}

// Text of the page as a reader gets it; what only the script adds carries the class js.
const words = page => page.evaluate(() => {
	const copy = document.getElementById("main").cloneNode(true);

	for (const e of copy.querySelectorAll(".js, script, [hidden]"))
		e.remove();
	return copy.textContent.replace(/\s+/g, " ");
});

async function paper(page) {
	const pdf = `${shots}/${name}.pdf`;

	await page.pdf({ path: pdf, format: "A4", printBackground: true });
	const pages = execFileSync("pdftotext", ["-layout", pdf, "-"], { encoding: "utf8", maxBuffer: 1 << 28 }).split("\f").slice(0, -1);
	const text = pages.join(" ").replace(/\s+/g, " ");
	const [verdict, last] = await page.evaluate(() => [document.querySelector("h1").textContent,
		[...document.querySelectorAll("h2")].pop().textContent]);
	const board = pages.findIndex(p => p.includes("Assets, worst first")); // starts a page of its own
	const holds = s => text.replace(/\s/g, "").includes(s.replace(/\s/g, ""));

	return { pages: pages.length, wrong: [...pages.flatMap((p, i) => p.trim().length < 20 ? [`page ${i + 1} is blank`] : []),
		...board > (name === "long" ? 4 : 2) ? [`the board's part takes ${board} pages`] : [],
		...[verdict, last].filter(s => !holds(s)).map(s => `not on paper: ${s}`)] };
}

async function look(width, scheme) {
	const { page, wrong, close: done } = await open(file, { width, scheme });
	const what = `${name}, ${width} px, ${scheme}`;

	await page.screenshot({ path: `${shots}/${name}-${width}-${scheme}.png` });
	await openAll(page);
	if (width !== 768) {
		const bad = await accessible(page);

		say(bad.length === 0, `${what}: axe finds nothing`, bad.join("\n"));
	}
	if (scheme === "light") {
		const out = await wide(page), over = await labels(page);

		await page.evaluate(() => { document.documentElement.style.letterSpacing = ".06em"; });
		out.push(...(await wide(page)).map(l => "in a wider font: " + l)); // another machine's letters are wider
		say(out.length === 0, `${what}: nothing sticks out`, out.join("\n"));
		say(over.length === 0, `${what}: labels of drawings are apart and inside`, over.join("\n"));
	}
	wrong.push(...await page.evaluate(() => window.violations));
	say(wrong.length === 0, `${what}: no error, no request, no CSP violation`, wrong.join("\n"));
	await done();
}

for (const scheme of ["light", "dark"])
	for (const width of all ? [390, 768, 1280] : [scheme === "light" ? 390 : 1280])
		await look(width, scheme);
{
	const { page, close: done } = await open(file);
	const closed = await keyboard(page);

	say(closed.wrong.length === 0 && closed.want > 5, `${name}: Tab meets ${closed.want} things in order, each with a mark`, closed.wrong.join("\n"));
	await openAll(page);
	const opened = await keyboard(page);
	say(opened.wrong.length === 0, `${name}: and ${opened.want} with every card open`, opened.wrong.slice(0, 12).join("\n"));
	const print = await paper(page);
	say(print.wrong.length === 0 && print.pages > 0, `${name}: prints on ${print.pages} pages, verdict to last part`, print.wrong.join("\n"));
	const bare = await open(file, { script: false });
	const [a, b] = [await words(page), await words(bare.page)];
	let i = 0;
	while (i < a.length && a[i] === b[i])
		i++;
	say(a === b && b.length > 500, `${name}: the same ${b.length} characters without script`, `at ${i}: '${a.slice(i, i + 80)}' / '${b.slice(i, i + 80)}'`);
	await bare.close();
	if (all) {
		const bad = await operate(page);

		say(bad.length === 0, `${name}: cards, sorting, filter and links by keys alone`, bad.join("\n"));
	}
	await done();
}
await close();
