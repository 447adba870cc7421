// node big.mjs FILE: how soon a large report shows, and how it answers; milliseconds to stdout as JSON, for test and bench.
import { close, open } from "./kit.mjs";

const [file, ...words] = process.argv.slice(2);
const { page, wrong } = await open(file);

const paint = await page.evaluate(() => new Promise(done => {
	new PerformanceObserver(list => {
		const first = list.getEntriesByName("first-contentful-paint")[0];

		if (first)
			done(first.startTime);
	}).observe({ type: "paint", buffered: true });
}));
const load = await page.evaluate(() => performance.getEntriesByType("navigation")[0].loadEventEnd);

// From the event to the second frame after it: by then its layout and paint are done.
const timed = (what, ...args) => page.evaluate(([what, args]) => new Promise(done => {
	const t = performance.now();

	if (what === "type") {
		const box = document.getElementById("find-text");

		box.value = args[0];
		box.dispatchEvent(new Event("input", { bubbles: true }));
	} else if (what === "click") {
		document.querySelectorAll(args[0])[args[1] || 0].click();
	} else {
		const s = document.querySelector(args[0]);

		s.selectedIndex = args[1];
		s.dispatchEvent(new Event("change", { bubbles: true }));
	}
	requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - t)));
}), [what, args]);

const out = { paint_ms: paint, load_ms: load, elements: await page.evaluate(() => document.getElementsByTagName("*").length) };

out.first_key_ms = await timed("type", words[0][0]);
out.keys_ms = [];
for (const word of words)
	for (let n = word.length; n >= 0; n--)
		out.keys_ms.push(await timed("type", word.slice(0, word.length - n)));
out.counted = await page.evaluate(w => {
	const box = document.getElementById("find-text");

	box.value = w;
	box.dispatchEvent(new Event("input", { bubbles: true }));
	return document.getElementById("find-n").textContent;
}, words.at(-1));
await timed("type", "");
out.select_ms = [];
for (const id of ["#find-m", "#find-q", "#find-f", "#find-a", "#find-sort"])
	if (await page.$(id))
		for (const i of [1, 0])
			out.select_ms.push(await timed("change", id, i));
out.sort_ms = [];
for (const n of [0, 1, 0])
	out.sort_ms.push(await timed("click", "table.sortable th button", n));
if (await page.$("#find-all")) {
	out.open_all_ms = await timed("click", "#find-all");
	out.open_keys_ms = [];
	for (const word of words)
		for (let n = 1; n <= word.length; n++)
			out.open_keys_ms.push(await timed("type", word.slice(0, n)));
}
console.log(JSON.stringify(out, (k, v) => typeof v === "number" ? Math.round(v * 10) / 10 : v));
if (wrong.length > 0)
	console.error(wrong.join("\n"));
await close();
