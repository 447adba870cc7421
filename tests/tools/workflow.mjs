// Parses a GitHub workflow by GitHub's own parser: node workflow.mjs NODE_MODULES FILE; prints what is wrong.
import fs from "node:fs";
import { register } from "node:module";

// The parser imports its schema as JSON without saying so.
register("data:text/javascript," + encodeURIComponent(`
	import fs from "node:fs";
	export async function load(url, context, next) {
		if (!url.endsWith(".json"))
			return next(url, context);
		return { format: "module", shortCircuit: true, source: "export default " + fs.readFileSync(new URL(url), "utf8") };
	}`));
const [, , modules, file] = process.argv;
const { parseWorkflow, convertWorkflowTemplate } = await import(`${modules}/@actions/workflow-parser/dist/index.js`);
const silent = { error: () => {}, info: () => {}, verbose: () => {} };
const parsed = parseWorkflow({ name: "workflow.yml", content: fs.readFileSync(file, "utf8") }, silent);

if (parsed.value !== undefined)
	await convertWorkflowTemplate(parsed.context, parsed.value);
for (const e of parsed.context.errors.getErrors())
	console.log(e.rawMessage ?? e.message);
