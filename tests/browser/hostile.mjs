// node hostile.mjs PAIRS.json MARK: pages of hostile texts beside their harmless twins; nothing foreign runs, everything works.
import { readFileSync } from "node:fs";
import { close, open, openAll, say } from "./kit.mjs";

const [list, mark] = process.argv.slice(2);

// What a page is made of: tags and names of attributes in order, and what is wrong by itself.
const anatomy = page => page.evaluate(() => {
	const all = [...document.querySelectorAll("*")], ids = new Set(), wrong = [];

	for (const e of all) {
		for (const a of e.attributes) {
			if (/^on|^style$|^srcdoc$/i.test(a.name))
				wrong.push(`${e.tagName} ${a.name}`);
			if (/^(href|src|action|formaction|xlink:href|data)$/i.test(a.name) && !a.value.startsWith("#"))
				wrong.push(`${e.tagName} ${a.name}=${a.value.slice(0, 60)}`);
		}
		if (e.id && ids.size === ids.add(e.id).size)
			wrong.push(`id ${e.id} twice`);
	}
	if (window.__pwned !== undefined)
		wrong.push("foreign code ran");
	return { wrong, text: document.body.textContent,
		tree: all.map(e => e.tagName + "(" + [...e.attributes].map(a => a.name).sort().join(" ") + ")") };
});

function differ(a, b) {
	const i = a.findIndex((x, n) => x !== b[n]);

	return a.length === b.length && i < 0 ? "" : `${a.length} and ${b.length} elements, first at ${i}: ${a.slice(i, i + 3)} / ${b.slice(i, i + 3)}`;
}

async function one(pair, script) {
	const { page, wrong, close: done } = await open(pair.file, { script });
	const what = `${pair.name}${script ? "" : ", no script"}`;

	await page.waitForTimeout(50);
	const a = await anatomy(page);
	if (pair.twin !== null) {
		const other = await open(pair.twin, { script });
		const diff = differ(a.tree, (await anatomy(other.page)).tree);

		say(diff === "" && a.tree.length > 1000, `${what}: ${a.tree.length} elements and their attributes as in the twin`, diff);
		await other.close();
	}
	const missing = pair.texts.filter(t => !a.text.includes(t));
	say(missing.length === 0 && a.text.includes(mark), `${what}: the texts are text`, missing.join("\n"));
	wrong.push(...a.wrong, ...await page.evaluate(() => window.violations ?? []));
	say(wrong.length === 0, `${what}: no foreign code, no request, no CSP violation`, wrong.join("\n"));
	await done();
}

// Filter, sort, choose, follow links and copy: what the script does to texts it has read from the page.
async function use(pair) {
	const { page, wrong, close: done } = await open(pair.file, { clip: true });
	const before = (await anatomy(page)).tree.length, bad = [];

	await openAll(page);
	if (await page.locator("#find-text").isVisible()) {
		await page.fill("#find-text", mark);
		const said = await page.textContent("#find-n");
		if (!/^[1-9]\d* of \d+ places/.test(said))
			bad.push(`filter says '${said}'`);
		await page.fill("#find-text", `<img src=x onerror=window.__pwned=1> ${"\\"} .* {{x}}`);
		await page.fill("#find-text", "");
		for (const s of await page.locator("#find select").all())
			await s.selectOption({ index: (await s.locator("option").count()) - 1 });
		await page.evaluate(() => {
			for (const s of document.querySelectorAll("#find select")) {
				s.selectedIndex = 0;
				s.dispatchEvent(new Event("change"));
			}
		});
	} else {
		bad.push("no filter");
	}
	const rows = await page.evaluate(() => {
		const count = () => document.querySelectorAll("table.sortable tbody tr").length, was = count();

		for (const b of document.querySelectorAll("table.sortable th button")) {
			b.click();
			b.click();
		}
		for (const a of document.querySelectorAll("main a[href^='#']"))
			a.click();
		location.hash = "#\"><img src=x onerror=window.__pwned=1>";
		return [was, count()];
	});
	if (rows[0] !== rows[1] || rows[0] === 0)
		bad.push(`sorting made ${rows[1]} rows of ${rows[0]}`);
	const pres = await page.locator("main pre:has-text('" + mark + "') + button.copy").all();
	for (const b of pres.slice(0, 5)) {
		const want = await b.evaluate(e => e.previousElementSibling.textContent.replace(/\n$/, ""));
		await b.click();
		await page.waitForTimeout(30);
		const got = await page.evaluate(() => navigator.clipboard.readText());
		if (got !== want)
			bad.push(`copied '${got.slice(0, 80)}' for '${want.slice(0, 80)}'`);
	}
	const after = await anatomy(page);
	wrong.push(...after.wrong, ...await page.evaluate(() => window.violations));
	if (after.tree.length !== before)
		bad.push(`${before} elements became ${after.tree.length}`);
	say(bad.length + wrong.length === 0, `${pair.name}: filter, sort, links and ${Math.min(pres.length, 5)} copies work on it`, [...bad, ...wrong].join("\n"));
	await done();
}

for (const pair of JSON.parse(readFileSync(list, "utf8"))) {
	await one(pair, true);
	await one(pair, false);
	await use(pair);
}
await close();
