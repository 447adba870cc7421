#include "base/num.h"
#include "cli/scan_run.h"

static enum pqm_st scan(
	struct pqm_scan_run *s, struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	enum pqm_st st = pqm_scan_run_scan(s, a, err);
	uint64_t t0 = pqm_now_ns(), t1;

	if (s->cluster.would_ask != NULL)
		return st;
	if (st == PQM_OK)
		st = pqm_pipeline_assess(&s->p, err);
	t1 = pqm_now_ns();
	if (st == PQM_OK)
		st = pqm_pipeline_write(&s->p, app, a, err);
	if (st == PQM_OK)
		pqm_log(PQM_INFO, "scan", "assessed %.3f s, written %.3f s",
			(double)(t1 - t0) / 1e9, (double)(pqm_now_ns() - t1) / 1e9);
	return st;
}

static enum pqm_st run(struct pqm_app *app, const struct pqm_args *a, struct pqm_err *err)
{
	struct pqm_scan_run s = { 0 };
	enum pqm_st st = pqm_scan_run_prepare(&s, app, a, err);

	if (st == PQM_OK)
		st = scan(&s, app, a, err);
	if (st == PQM_OK)
		app->exit_code = pqm_scan_run_exit(&s, pqm_arg_has(a, "fail-on-incomplete"));
	if (st == PQM_OK && pqm_net_signal() != 0)
		app->exit_code = 128 + pqm_net_signal();
	pqm_scan_run_fini(&s);
	return st;
}

const struct pqm_command pqm_cmd_scan = {
	.name = "scan",
	.args = "TARGET…",
	.summary = "Find cryptography in the targets, score the risk, plan the migration",
	.help = "Targets\n"
		"  PATH     a file, or a folder with everything below it (links are not followed)\n"
		"  -        standard input as one file\n"
		"  @FILE    one target a line; @- reads the list from standard input\n"
		"  cluster:[CONTEXT]\n"
		"           a live cluster: the context of $KUBECONFIG or ~/.kube/config, else "
		"the\n"
		"           account of the pod. Secrets are not read unless --secrets says so.\n"
		"  oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:TAG]\n"
		"           a container image, read as a stream, layer by layer; a PATH that is "
		"one\n"
		"           (a layout, what docker saved) is read so without the prefix\n"
		"  registry:HOST[:PORT]/REPOSITORY[:TAG|@DIGEST]\n"
		"           an image in a registry; credentials as in ~/.docker/config.json\n"
		"  git:PATH[@REVISION]\n"
		"           a revision (default: HEAD) of a git repository, bare or not, read "
		"without\n"
		"           a checkout; --history also finds what earlier revisions held\n"
		"  SCHEME:HOST[:PORT]\n"
		"           an endpoint to ask: tls, quic, dtls, ssh, smtp, imap, postgres, …, "
		"auto\n"
		"           (guess); https://HOST. A file of such a name is ./tls:name.\n\n"
		"The summary table goes to standard output unless a report does (-o json).\n"
		"Only endpoints, clusters and registries that you name are contacted; a scan of "
		"paths\n"
		"contacts nothing. --follow endpoints asks what the objects name as well: edges\n"
		"and load balancers at private addresses, and Services when it runs inside the\n"
		"cluster (cluster:in-cluster); with --follow-external also public addresses and\n"
		"hosts outside. --follow images reads the images from their registries. With\n"
		"--dry-run the list is printed and nothing is contacted.\n\n"
		"-o jsonl=FILE writes a line for each endpoint as it is finished, and what each\n"
		"list of a cluster held when it was read to its end; after an interrupt, --resume\n"
		"FILE takes those over and asks the rest.\n\n"
		"What the layers of images gave is kept in $XDG_CACHE_HOME/pqmap (else\n"
		"~/.cache/pqmap), 1 GiB at most, for this build and these rules: a layer whose\n"
		"digest is known is not read again. Of git repositories (git:, --history) it "
		"keeps\n"
		"which files hold nothing and which commit held what first; what holds something\n"
		"is read each time. --no-cache reads and checks all of them.",
	.opts =
		(const struct pqm_opt[]){
			PQM_NET_OPTS,
			PQM_CLUSTER_OPTS,
			PQM_FOLLOW_OPTS,
			PQM_IMAGE_OPTS,
			PQM_GIT_OPTS,
			{ 0, "helm-releases", NULL,
				"with --secrets all: the release Secrets of Helm too" },
			{ 0, "dry-run", NULL,
				"print what a cluster would be asked, after its discovery, and "
				"what "
				"--follow would take up; ask nothing else" },
			{ 0, "resume", "FILE",
				"take over what an earlier -o jsonl=FILE found complete" },
			PQM_RENDER_OPT,
			{ 0, NULL, NULL, NULL },
		},
	.takes_scan_opts = true,
	.run = run,
};
