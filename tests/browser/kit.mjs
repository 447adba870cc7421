// What the page's tests share: one browser, pages that tell everything that went wrong, results by line.
import { chromium } from "playwright-core";

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium" });

export function say(good, words, detail) {
	console.log(JSON.stringify({ good: Boolean(good), words, detail: String(detail ?? "").slice(0, 1500) }));
}

// A page with wrong[]: console errors, exceptions, CSP violations, dialogs, requests of anything but the file.
export async function open(file, { width = 1280, scheme = "light", script = true, clip = false } = {}) {
	const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme,
		javaScriptEnabled: script, reducedMotion: "reduce", permissions: clip ? ["clipboard-read"] : [] });
	const page = await context.newPage();
	const wrong = [];

	page.on("console", m => ["error", "warning"].includes(m.type()) && wrong.push("console: " + m.text()));
	page.on("pageerror", e => wrong.push("exception: " + e.message));
	page.on("dialog", d => { wrong.push("dialog: " + d.message()); d.dismiss(); });
	page.on("request", r => r.url().split("#")[0] === "file://" + file || wrong.push("request: " + r.url()));
	await page.addInitScript(() => {
		window.violations = [];
		document.addEventListener("securitypolicyviolation", e => window.violations.push(e.violatedDirective + " " + e.blockedURI));
	});
	await page.goto("file://" + file, { waitUntil: "load" });
	return { page, wrong, close: () => context.close() };
}

export const openAll = page => page.evaluate(() => {
	for (const d of document.querySelectorAll("details"))
		d.open = true;
});

export const close = () => browser.close();
