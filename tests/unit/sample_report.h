/*
 * sample_report.h — a made-up report for the tests of writers and loader.
 *
 * Shape:     three AI assets and one unassigned, a dozen findings with hostile text in every
 *            field, a plan; more findings on request.
 * Ownership: sample_fini releases everything.
 * Threads:   one.
 */
#ifndef SAMPLE_REPORT_H
#define SAMPLE_REPORT_H

#include <math.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/num.h"
#include "report/writer.h"

#define SAMPLE_HOSTILE                                                                             \
	"<script>alert(1)</script>\"'&\x01\x1b[31m\xff\xe2\x80\xae"                                \
	"gpj {{name}} \\ =1+1"

struct sample {
	struct pqm_rules rules;
	struct pqm_inventory inv;
	struct pqm_graph graph;
	struct pqm_assessment assessment;
	struct pqm_plan plan;
	struct pqm_report report;
};

static inline void sample_occ(struct sample *s, struct pqm_finding *f, size_t n, bool in_store)
{
	struct pqm_arena *a = &s->inv.arena;
	struct pqm_attr *attrs = pqm_new(a, struct pqm_attr, 3);

	attrs[0] = (struct pqm_attr){ PQM_LIT("subject"), PQM_LIT("CN=" SAMPLE_HOSTILE) };
	attrs[1] = (struct pqm_attr){ PQM_LIT("not_after"), PQM_LIT("2027-01-14") };
	attrs[2] = (struct pqm_attr){ PQM_LIT("subject"), PQM_LIT("a second one") };
	f->occs = pqm_new(a, struct pqm_occurrence, n);
	f->n_occs = n;
	for (size_t i = 0; i < n; i++) {
		f->occs[i] = (struct pqm_occurrence){ .target = i % 2 ? 1 : 0,
			.path = pqm_arena_f(a, "dir %02zu/file-%zu.pem", i % 7, i),
			.off = 1024 * i,
			.attrs = attrs,
			.n_attrs = f->meaning == PQM_CERT ? 3 : 0,
			.in_store = in_store };
		if (f->meaning == PQM_CONFIG) {
			f->occs[i].line = (uint32_t)i + 41;
			f->occs[i].col = 19;
			f->occs[i].object = PQM_LIT("edge/ConfigMap/nginx#data.ssl-ecdh-curve");
		}
	}
}

static inline void sample_id(struct pqm_finding *f, size_t i)
{
	memset(f->id, 0, sizeof(f->id));
	for (unsigned k = 0; k < 4; k++)
		f->id[k] = (uint8_t)(i >> (24 - 8 * k));
	f->id[15] = 0x5a;
}

static inline void sample_findings(struct sample *s, size_t n)
{
	static const struct {
		const char *rule, *family, *algorithm, *parameter;
		enum pqm_meaning meaning;
		enum pqm_function function;
		enum pqm_quantum quantum;
	} kinds[] = {
		{ "cert.x509", "RSA", "RSA", "2048", PQM_CERT, PQM_FN_SIG, PQM_Q_BROKEN },
		{ "key.pkcs8", "EC", "EC", "P-256", PQM_KEY, PQM_FN_ANY, PQM_Q_BROKEN },
		{ "libs.openssl", "RSA", "RSA", "", PQM_OFFER, PQM_FN_ANY, PQM_Q_BROKEN },
		{ "k8s.ingress-curve", "X25519", "X25519", "", PQM_CONFIG, PQM_FN_KEX,
			PQM_Q_BROKEN },
		{ "tls.hybrid", "X25519+ML-KEM", "X25519MLKEM768", "768", PQM_USE, PQM_FN_KEX,
			PQM_Q_HYBRID },
		{ "key.mldsa", "ML-DSA", "ML-DSA-65", "65", PQM_KEY, PQM_FN_SIG, PQM_Q_SAFE },
		{ "elf.vendor", "", "", "", PQM_USE, PQM_FN_ANY, PQM_Q_UNKNOWN },
		{ "k8s.no-tls", "RSA", "RSA", "2048", PQM_ABSENT, PQM_FN_SIG, PQM_Q_BROKEN },
		{ "elf.import", "EC", "ECDH", "P-256", PQM_USE, PQM_FN_KEX, PQM_Q_BROKEN },
	};
	struct pqm_arena *a = &s->inv.arena;
	size_t n_kinds = sizeof(kinds) / sizeof(kinds[0]);

	s->inv.findings = pqm_new(a, struct pqm_finding, n);
	s->inv.n_findings = n;
	for (size_t i = 0; i < n; i++) {
		struct pqm_finding *f = &s->inv.findings[i];
		size_t k = i % n_kinds;

		*f = (struct pqm_finding){ .rule = pqm_str(kinds[k].rule),
			.identity = pqm_arena_f(a, "spki:%08zx", i),
			.meaning = kinds[k].meaning,
			.function = kinds[k].function,
			.quantum = kinds[k].quantum,
			.evidence = kinds[k].meaning == PQM_OFFER ? PQM_LINKED : PQM_PARSED,
			.basis = kinds[k].meaning == PQM_ABSENT ? PQM_DEFAULT : PQM_EXPLICIT,
			.family = pqm_str(kinds[k].family),
			.algorithm = pqm_str(kinds[k].algorithm),
			.parameter = pqm_str(kinds[k].parameter),
			.bits = k == 0 ? 2048 : 0,
			.why = PQM_LIT("Shor's algorithm recovers the private key."),
			.fix = k == 0 ? PQM_LIT("re-issue with ML-DSA-65") : PQM_LIT("") };
		sample_id(f, i);
		sample_occ(s, f, 1 + i % 3, false);
	}
	/* One thing with hostile text everywhere, one that only a trust store has. */
	struct pqm_finding *bad = &s->inv.findings[0], *ca = &s->inv.findings[9];

	bad->why = bad->fix = bad->occs[0].path = bad->occs[0].object = PQM_LIT(SAMPLE_HOSTILE);
	bad->algorithm = PQM_LIT(SAMPLE_HOSTILE);
	sample_occ(s, ca, 2, true);
	ca->is_folded = true;
}

static inline void sample_inventory(struct sample *s, size_t n)
{
	struct pqm_inventory *inv = &s->inv;
	struct pqm_arena *a = &inv->arena;
	pqm_bytes *regimes = pqm_new(a, pqm_bytes, 1);
	struct pqm_fact *facts = pqm_new(a, struct pqm_fact, 1);

	regimes[0] = PQM_LIT("eo-14412");
	inv->tool_version = PQM_LIT("0.1.0");
	inv->rules_version = PQM_LIT("00c0ffee");
	inv->now_days = pqm_days_from_civil(2026, 11, 21);
	inv->regimes = regimes;
	inv->n_regimes = 1;
	inv->curve = PQM_LIT("gri2025");
	inv->targets = pqm_new(a, struct pqm_target, 2);
	inv->n_targets = 2;
	inv->targets[0] = (struct pqm_target){ .name = PQM_LIT("fixtures/cluster"),
		.kind = PQM_LIT("tree"),
		.n_seen = 52,
		.n_read = 50,
		.n_bytes = 90210 };
	inv->targets[1] = (struct pqm_target){ .name = PQM_LIT(SAMPLE_HOSTILE),
		.kind = PQM_LIT("tree"),
		.n_seen = 9760,
		.n_read = 9740,
		.n_bytes = UINT64_C(5) << 30 };
	sample_findings(s, n);
	facts[0] =
		(struct pqm_fact){ PQM_LIT("spec.tls[0].secretName"), PQM_LIT("data-tls"), 12, 3 };
	inv->objects = pqm_new(a, struct pqm_object, 1);
	inv->n_objects = 1;
	inv->objects[0] = (struct pqm_object){ 0, PQM_LIT("edge.yaml"), 1,
		PQM_LIT("networking.k8s.io"), PQM_LIT("Ingress"), PQM_LIT("edge"), PQM_LIT("data"),
		facts, 1, { NULL, 0 }, 3 };
	inv->stores = pqm_new(a, struct pqm_store, 1);
	inv->n_stores = 1;
	inv->stores[0] = (struct pqm_store){ 1, PQM_LIT("/etc/ssl/certs"), 144 };
	inv->coverage = (struct pqm_coverage){ .seen = 9812,
		.read = 9790,
		.bytes = UINT64_C(5) << 30,
		.copies = 311,
		.directories = 402,
		.symlinks = 4,
		.unreadable = 12,
		.over_limit = 6,
		.partial = 2 };
	inv->coverage.notes = pqm_new(a, struct pqm_note, 2);
	inv->coverage.n_notes = 2;
	inv->coverage.notes[0] = (struct pqm_note){ 0, PQM_LIT("vault.yaml"), PQM_LIT("unreadable"),
		PQM_LIT("Permission denied"), UINT64_MAX };
	inv->coverage.notes[1] = (struct pqm_note){ 1, PQM_LIT(SAMPLE_HOSTILE),
		PQM_LIT("malformed"), PQM_LIT("DER: truncated at 12 bytes " SAMPLE_HOSTILE), 77 };
}

struct sample_asset {
	const char *id, *name, *words, *label;
	double p[4], sunk, cod, life, impact;
	enum pqm_decision decision;
	char use, exposure;
	enum pqm_verdict verdict;
	bool unassigned, broken_today;
};

static const struct sample_asset sample_assets[] = {
	{ "clinical-ai/phi-train", "Patient records in training bucket", "training data",
		"ingress data.clinic.example: X25519 only", { .4036, .6928, .9267, .9946 }, .6928,
		.6928, 30, 5, PQM_ACT, 'K', 'I', PQM_V_CLASSICAL, false, false },
	{ "clinical-ai/edge-key", "Edge model signing key", "signing key",
		"ECDSA P-256, verifiers fixed for 10 years", { .2396, .4882, .7361, .9304 }, 0,
		.3835, 10, 5, PQM_ACT, 'L', 'I', PQM_V_CLASSICAL, false, false },
	{ "clinical-ai/chat-logs", "Chat logs " SAMPLE_HOSTILE, "prompts",
		"qdrant:6333 speaks plaintext", { 0, 0, 0, 0 }, 0, 0, 10, 3, PQM_ACT, 'K', 'L',
		PQM_V_PLAINTEXT, false, true },
	{ "clinical-ai/claims", "Contract embeddings, vector store", "embeddings",
		"backup over the provider's backbone: X25519", { .0432, .171, .4216, .5469 }, .1438,
		.1438, 10, 4, PQM_ATTEND, 'K', 'C', PQM_V_CLASSICAL, false, false },
	{ "clinical-ai/ckpt", "Checkpoints in object store", "checkpoints",
		"bucket over RSA-4096 wrap", { .0053, .0438, .1796, .2947 }, .0203, .0203, 4, 4,
		PQM_TRACK, 'W', 'O', PQM_V_CLASSICAL, false, false },
	{ "unassigned:1", "everything else in /usr/bin", "unassigned",
		"server key RSA-2048 in /etc/ssl", { .0294, .1282, .288, .493 }, .05, .047, 1, 3,
		PQM_PLAN, 'S', 'I', PQM_V_CLASSICAL, true, false },
};

#define SAMPLE_N_ASSETS (sizeof(sample_assets) / sizeof(sample_assets[0]))

static inline void sample_graph(struct sample *s)
{
	struct pqm_graph *g = &s->graph;
	struct pqm_arena *a = &g->arena;
	pqm_bytes *unresolved = pqm_new(a, pqm_bytes, 1);

	g->nodes = pqm_new(a, struct pqm_node, SAMPLE_N_ASSETS + 3);
	g->n_nodes = SAMPLE_N_ASSETS + 3;
	g->edges = pqm_new(a, struct pqm_edge, 3);
	g->n_edges = 3;
	g->assets = pqm_new(a, struct pqm_asset, SAMPLE_N_ASSETS);
	g->n_assets = SAMPLE_N_ASSETS;
	uint32_t job = (uint32_t)SAMPLE_N_ASSETS, ing = job + 1, cert = job + 2;

	g->nodes[job] = (struct pqm_node){ PQM_NODE_WORKLOAD, PQM_LIT("train/Job/llama-clinic"),
		PQM_LIT("PyTorchJob"), PQM_LIT("train"), PQM_LIT("llama-clinic"),
		PQM_LIT("training"), false, PQM_LIT("train.yaml"), 4, 0, NULL, 0 };
	g->nodes[ing] = (struct pqm_node){ PQM_NODE_EDGE, PQM_LIT("edge/Ingress/data"),
		PQM_LIT("Ingress"), PQM_LIT("edge"), PQM_LIT("data"), PQM_LIT(""), false,
		PQM_LIT("edge.yaml"), 1, 0, NULL, 0 };
	g->nodes[cert] = (struct pqm_node){ PQM_NODE_CERTIFICATE,
		PQM_LIT("edge/Certificate/" SAMPLE_HOSTILE), PQM_LIT("Certificate"),
		PQM_LIT("edge"), PQM_LIT(SAMPLE_HOSTILE), PQM_LIT(""), true, PQM_LIT(""), 0, 0,
		NULL, 0 };
	g->edges[0] = (struct pqm_edge){ .from = job,
		.to = 0,
		.rel = PQM_LIT("loads"),
		.ref = PQM_LIT("spec.volumes[0]"),
		.path = PQM_LIT("train.yaml"),
		.line = 20 };
	g->edges[1] = (struct pqm_edge){ .from = ing,
		.to = job,
		.rel = PQM_LIT("routes"),
		.ref = PQM_LIT("spec.rules[0]"),
		.path = PQM_LIT("edge.yaml"),
		.line = 9 };
	g->edges[2] = (struct pqm_edge){ .from = ing,
		.to = cert,
		.rel = PQM_LIT("presents"),
		.ref = PQM_LIT("spec.tls[0].secretName"),
		.path = PQM_LIT("edge.yaml"),
		.line = 12 };
	unresolved[0] = PQM_LIT("edge/Ingress/data: Secret data-tls is not among the documents");
	g->unresolved = unresolved;
	g->n_unresolved = 1;
	for (size_t i = 0; i < SAMPLE_N_ASSETS; i++) {
		const struct sample_asset *d = &sample_assets[i];
		struct pqm_hop *h = pqm_new(a, struct pqm_hop, 1);
		struct pqm_signal *sig = pqm_new(a, struct pqm_signal, 1);

		g->nodes[i] = (struct pqm_node){ PQM_NODE_ASSET, pqm_str(d->id), PQM_LIT("asset"),
			PQM_LIT("clinical-ai"), pqm_str(d->name), PQM_LIT("data"), false,
			PQM_LIT(".pqmap.yaml"), 3, 0, NULL, 0 };
		h[0] = (struct pqm_hop){ .use = d->use,
			.data = 'F',
			.exposure = d->exposure,
			.coverage = 'N',
			.share = 2,
			.layers = { PQM_LIT("E256") },
			.n_layers = 1,
			.verdict = d->verdict,
			.evidence = PQM_CONFIGURED,
			.confidence = PQM_C_HIGH,
			.from = i < 2 ? ing : UINT32_MAX,
			.to = i < 2 ? cert : UINT32_MAX,
			.label = pqm_str(d->label),
			.why = PQM_LIT("ssl-ecdh-curve pins X25519; OpenSSL 3.5 here would offer "
				       "X25519MLKEM768."),
			.task = PQM_LIT("ingress-hybrid-on"),
			.ref = PQM_LIT("data.ssl-ecdh-curve"),
			.path = PQM_LIT("edge/ingress-config.yaml"),
			.line = 41,
			.ends = PQM_LIT("ingress-nginx") };
		h[0].findings = (const uint8_t(*)[PQM_ID_BYTES]) & s->inv.findings[3 + i].id;
		h[0].n_findings = 1;
		sig[0] = (struct pqm_signal){ PQM_LIT("image segment vllm-openai"), .8,
			PQM_LIT("train.yaml"), 30 };
		g->assets[i] = (struct pqm_asset){ .id = pqm_str(d->id),
			.name = pqm_str(d->name),
			.life_class = PQM_LIT("training-data-phi"),
			.kind_words = pqm_str(d->words),
			.is_unassigned = d->unassigned,
			.node = (uint32_t)i,
			.life_years = { d->life, i > 1,
				PQM_LIT("annotation pqmap.dev/shelf-life") },
			.impact = { d->impact, i > 1, PQM_LIT("default for the class") },
			.money = { i < 2 ? 316e6 : 0, i >= 2, PQM_LIT(".pqmap.yaml:9") },
			.currency = PQM_LIT("USD"),
			.root = (uint32_t)i,
			.signals = sig,
			.n_signals = 1,
			.confidence = .8,
			.hops = h,
			.n_hops = 1,
			.owner = PQM_LIT("data-platform") };
	}
}

static inline void sample_score(struct sample *s, size_t i, bool with_money)
{
	const struct sample_asset *d = &sample_assets[i];
	struct pqm_asset_score *sc = &s->assessment.assets[i];
	struct pqm_use_score *u = pqm_new(&s->assessment.arena, struct pqm_use_score, 1);
	double y = d->use == 'S' ? 4 : 3;

	*sc = (struct pqm_asset_score){ .asset = &s->graph.assets[i],
		.uses = u,
		.n_uses = 1,
		.decision = d->decision,
		.by_impact = d->decision,
		.by_deadline = PQM_PLAN,
		.is_broken_today = d->broken_today,
		.deciding = 0,
		.why = pqm_str(d->label),
		.has_money = with_money && i < 2 };
	u->v = (struct pqm_vector){ .assessed = 2026.9,
		.use = d->use,
		.layers = { "E256" },
		.n_layers = 1,
		.data = 'F',
		.life_years = d->life,
		.protect_years = y,
		.in_use_years = 2,
		.exposure = d->exposure,
		.coverage = 'N',
		.impact = (unsigned)d->impact };
	(void)snprintf(u->vector, sizeof(u->vector),
		"QRV:1.0/AD:2026.9/U:%c/A:E256/D:F/X:%u/Y:%u/W:2/E:%c/C:N/I:%u", d->use,
		(unsigned)d->life, (unsigned)y, d->exposure, (unsigned)d->impact);
	u->end = 2026.9 + y + d->life;
	u->decision = d->decision;
	u->is_broken_today = d->broken_today;
	u->hop = &s->graph.assets[i].hops[0];
	u->shor_runs_per = 1;
	for (int k = 0; k < PQM_N_SCENARIOS; k++) {
		sc->p[k] = u->p[k] = d->p[k];
		sc->sunk[k] = u->sunk[k] = d->sunk;
		sc->cod[k] = u->cod[k] = d->cod;
		u->tau[k] = d->broken_today ? INFINITY : u->end + k - 1;
		u->h[k] = 1;
		u->g[k] = d->p[k];
		sc->money[k] = (struct pqm_money){ 316e6 * d->p[k], 316e6 * d->sunk,
			316e6 * (d->p[k] - d->sunk), 316e6 * d->cod / 4 };
		if (sc->has_money) {
			s->assessment.total[k].expected += sc->money[k].expected;
			s->assessment.total[k].sunk += sc->money[k].sunk;
			s->assessment.total[k].avoidable += sc->money[k].avoidable;
			s->assessment.total[k].quarter += sc->money[k].quarter;
		}
	}
}

static inline void sample_assessment(struct sample *s, bool with_money)
{
	static const double at[] = { 0, 5, 10, 15, 20, 30 };
	static const double f[][PQM_N_SCENARIOS] = { { 0, 0, 0, 0 }, { .05, .1, .15, .28 },
		{ .28, .385, .49, .74 }, { .51, .605, .7, .91 }, { .69, .775, .86, .98 },
		{ .81, .87, .93, .995 } };
	struct pqm_assessment *as = &s->assessment;
	double *years = pqm_new(&as->arena, double, 31);
	double(*cf)[PQM_N_SCENARIOS] = pqm_arena_array(&as->arena, 31, sizeof(*cf));

	for (size_t i = 0; i < 31; i++) {
		size_t k = 0;

		years[i] = 2025.5 + (double)i;
		while (k < 4 && at[k + 1] <= (double)i)
			k++;
		for (size_t c = 0; c < PQM_N_SCENARIOS; c++)
			cf[i][c] = f[k][c] +
				(f[k + 1][c] - f[k][c]) * ((double)i - at[k]) / (at[k + 1] - at[k]);
	}
	as->assessed = 2026.8877;
	as->curve_id = PQM_LIT("gri2025");
	as->curve_years = years;
	as->curve_f = (const double(*)[PQM_N_SCENARIOS])cf;
	as->n_curve = 31;
	as->has_money = with_money;
	as->currency = PQM_LIT("USD");
	as->assets = pqm_new(&as->arena, struct pqm_asset_score, SAMPLE_N_ASSETS);
	as->n_assets = SAMPLE_N_ASSETS;
	for (size_t i = 0; i < SAMPLE_N_ASSETS; i++)
		sample_score(s, i, with_money);
	as->assumptions = pqm_new(&as->arena, struct pqm_assumption, 2);
	as->n_assumptions = 2;
	as->assumptions[0] = (struct pqm_assumption){ PQM_LIT("clinical-ai/claims"),
		PQM_LIT("secrecy life 10 years"), PQM_LIT("default for embeddings"),
		PQM_LIT("decision stays Attend down to 4 years") };
	as->assumptions[1] = (struct pqm_assumption){ PQM_LIT(""), PQM_LIT(SAMPLE_HOSTILE),
		PQM_LIT("default"), PQM_LIT("") };
	as->loss_curve = pqm_new(&as->arena, struct pqm_loss_point, 2);
	as->n_loss = with_money ? 2 : 0;
	as->loss_curve[0] = (struct pqm_loss_point){ 0, .8 };
	as->loss_curve[1] = (struct pqm_loss_point){ 316e6, .69 };
}

static inline void sample_tasks(struct sample *s)
{
	static const char *const titles[] = { "Assign owners and lives",
		"Base images to OpenSSL 3.5", "Ingress data-ingress: hybrid key exchange on",
		"Measure negotiated groups", "Dual-sign models " SAMPLE_HOSTILE,
		"Private CA, then leaves" };
	struct pqm_plan *p = &s->plan;
	struct pqm_arena *a = &p->arena;
	int64_t at = p->start, at_hi = p->start;

	p->tasks = pqm_new(a, struct pqm_task, 6);
	p->n_tasks = 6;
	for (size_t i = 0; i < 6; i++) {
		struct pqm_task *t = &p->tasks[i];
		pqm_bytes *where = pqm_new(a, pqm_bytes, 1), *assets = pqm_new(a, pqm_bytes, 1);
		uint32_t *deps = pqm_new(a, uint32_t, 1);

		where[0] =
			i == 4 ? PQM_LIT(SAMPLE_HOSTILE) : PQM_LIT("edge/ingress-config.yaml:41");
		assets[0] = pqm_str(sample_assets[i % 4].id);
		deps[0] = i > 0 ? (uint32_t)i - 1 : 0;
		*t = (struct pqm_task){ .id = pqm_arena_f(a, "task-%zu:edge/Ingress/data", i),
			.type = PQM_LIT("ingress-hybrid-on"),
			.title = pqm_str(titles[i]),
			.phase = (unsigned)(i % 5) + 1,
			.phase_name = PQM_LIT("protect inference endpoints"),
			.effort_lo = 2 + 6 * (double)i,
			.effort_hi = 5 + 9 * (double)i,
			.n_units = 1,
			.where = where,
			.n_where = 1,
			.change = PQM_LIT("- ssl-ecdh-curve: X25519\n+ ssl-ecdh-curve: "
					  "X25519MLKEM768:X25519"),
			.both_ends = PQM_LIT("clients need OpenSSL 3.5 or Go 1.24"),
			.needs = PQM_LIT("ingress-nginx 1.12 with OpenSSL 3.5"),
			.costs = PQM_LIT("+1,184 B up, +1,088 B down a handshake"),
			.verify =
				PQM_LIT("pqmap probe data.clinic.example --expect hybrid-offered"),
			.rollback = PQM_LIT("restore the line"),
			.why = PQM_LIT("It carries what must stay secret."),
			.deps = deps,
			.n_deps = i > 0,
			.is_weak_fix = i == 1,
			.blocked_until = i == 5 ? p->start + 300 : INT64_MIN,
			.blocked_why = PQM_LIT("no root programme takes ML-DSA before Q3 2027"),
			.assets = assets,
			.n_assets = 1,
			.order = (uint32_t)i,
			.start_lo = at,
			.start_hi = at_hi,
			.due = INT64_MAX,
			.window = i < 3 ? PQM_W_0_6
				: i < 5 ? PQM_W_6_18
					: PQM_W_18_PLUS,
			.pulled_forward = i == 2,
			.value = i == 2 ? 109.5 : 0 };
		at += 12 + 20 * (int64_t)i;
		at_hi += 20 + 35 * (int64_t)i;
		t->finish_lo = at;
		t->finish_hi = at_hi;
		t->findings = (const uint8_t(*)[PQM_ID_BYTES]) & s->inv.findings[i].id;
		t->n_findings = 1;
	}
}

static inline void sample_plan(struct sample *s)
{
	struct pqm_plan *p = &s->plan;
	struct pqm_arena *a = &p->arena;

	p->start = s->inv.now_days;
	p->capacity = 20;
	sample_tasks(s);
	p->goals = pqm_new(a, struct pqm_goal, 1);
	p->n_goals = 1;
	uint32_t *deps = pqm_new(a, uint32_t, 1);

	deps[0] = 2;
	p->goals[0] = (struct pqm_goal){ PQM_LIT("goal:phi"), 0, 0, 109.5, deps, 1, p->start + 60,
		p->start + 90 };
	p->deadlines = pqm_new(a, struct pqm_deadline, 3);
	p->n_deadlines = 3;
	p->deadlines[0] = (struct pqm_deadline){ PQM_LIT("deadline.eo-kex"), PQM_LIT("eo-14412"),
		PQM_LIT("EO 14412: key establishment"), PQM_LIT("kex"), PQM_LIT("mandate"),
		PQM_LIT("civilian high-value assets"), PQM_LIT("EO 14412"),
		pqm_days_from_civil(2030, 12, 31), p->start + 200, 3.4, true, false, { NULL, 0 } };
	p->deadlines[1] = (struct pqm_deadline){ PQM_LIT("deadline.eo-sig"), PQM_LIT("eo-14412"),
		PQM_LIT("EO 14412: signatures"), PQM_LIT("sig"), PQM_LIT("mandate"), PQM_LIT(""),
		PQM_LIT("EO 14412"), pqm_days_from_civil(2031, 12, 31), p->start + 1500, .9, true,
		false, { NULL, 0 } };
	p->deadlines[2] = (struct pqm_deadline){ PQM_LIT("deadline.x"), PQM_LIT("x"),
		PQM_LIT("Nothing concerned"), PQM_LIT("any"), PQM_LIT("guidance"), PQM_LIT(""),
		PQM_LIT(""), pqm_days_from_civil(2035, 12, 31), INT64_MIN, 0, true, false,
		{ NULL, 0 } };
	p->residual = pqm_new(a, struct pqm_residual, 6);
	p->n_residual = 6;
	for (size_t i = 0; i < 6; i++)
		p->residual[i] = (struct pqm_residual){ 10.0 * (double)i, i < 3 ? 542e6 : 420e6,
			384e6, i == 0 ? UINT32_MAX : (uint32_t)i };
	p->is_exact = true;
	p->n_rounds = 3;
}

static inline void sample_init(struct sample *s, size_t n_findings, bool with_money)
{
	memset(s, 0, sizeof(*s));
	pqm_inventory_init(&s->inv);
	pqm_graph_init(&s->graph);
	pqm_assessment_init(&s->assessment);
	pqm_plan_init(&s->plan);
	sample_inventory(s, n_findings < 18 ? 18 : n_findings);
	sample_graph(s);
	sample_assessment(s, with_money);
	sample_plan(s);
	s->report = (struct pqm_report){ .rules = &s->rules,
		.inv = &s->inv,
		.graph = &s->graph,
		.assessment = &s->assessment,
		.plan = &s->plan };
}

static inline void sample_fini(struct sample *s)
{
	pqm_plan_fini(&s->plan);
	pqm_assessment_fini(&s->assessment);
	pqm_graph_fini(&s->graph);
	pqm_inventory_fini(&s->inv);
}

#endif
