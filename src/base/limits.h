/*
 * limits.h — every cap in the program, with the reason for its size.
 *
 * Units:     bytes, counts or levels, as each name says. Limits count bytes parsed or held, not
 *            bytes streamed past.
 */
#ifndef PQM_BASE_LIMITS_H
#define PQM_BASE_LIMITS_H

/* A worker reads a file in pieces of this size: it fits the L2 cache of current cores. */
#define PQM_READ_CHUNK_BYTES ((size_t)256 << 10)
/* So much of a mapped file is read before its pages are given back. */
#define PQM_MAPPED_BYTES ((size_t)16 << 20)
/* What is known of a program while its code is read grows with it: of those from the first size on so much is
 * looked at a thread, or one alone. */
#define PQM_LARGE_CODE_BYTES ((size_t)8 << 20)
#define PQM_CODE_AT_ONCE_BYTES ((size_t)24 << 20)
/* One arena (one artifact's parse): far above any real key store or manifest. */
#define PQM_ARENA_BYTES ((size_t)64 << 20)
/* Arena that lives for the run: 200 MB goal for the whole process, so half of it. */
#define PQM_RUN_ARENA_BYTES ((size_t)4 << 30)
/* Anchor hits handed to detectors at once; more than this are handled in batches. */
#define PQM_HITS_BATCH ((size_t)16384)
/* PEM body between BEGIN and END: the largest real CRLs are a few tens of MiB. */
#define PQM_PEM_BODY_BYTES ((size_t)32 << 20)
/* DER nesting: X.509 with every extension stays under 20. */
#define PQM_DER_DEPTH 48
/* ASN.1 object parsed as one key, certificate, CRL or key store. */
#define PQM_DER_OBJECT_BYTES ((size_t)64 << 20)
/* Certificates in one PKCS#7 or key store. */
#define PQM_CERTS_PER_STORE 10000
/* Public-key modulus: OpenSSL refuses to use more than 16,384 bits. */
#define PQM_RSA_BITS_MAX 16384
#define PQM_RSA_BITS_MIN 384
/* Primality is only tested up to here: at 8,192 bits that takes a quarter of a second. */
#define PQM_PRIME_BITS_MAX 8192
/* Costly checks (primes, derived public keys) in one artifact part; the rest is not looked at. */
#define PQM_KEY_CHECKS 4096
#define PQM_PRIME_CHECKS 32
/* BER with indefinite lengths is rewritten in memory: only key stores and CMS come that way. */
#define PQM_BER_OBJECT_BYTES ((size_t)4 << 20)
/* Directories below each other: PATH_MAX (4,096) allows 2,048. */
#define PQM_TREE_DEPTH 1024
/* Git: a file (the forges refuse 100 MiB), files that differ between two revisions, commits of a history (the
 * largest public repositories have 1.3 million). */
#define PQM_GIT_BLOB_BYTES ((size_t)256 << 20)
#define PQM_GIT_CHANGES 100000u
#define PQM_GIT_COMMITS 4000000u
/* Lines are attributed in files of so many bytes, and in so many files. */
#define PQM_BLAME_BYTES ((size_t)16 << 20)
#define PQM_BLAME_FILES 200
/* Nested artifacts (a certificate in a Secret in a manifest). */
#define PQM_ARTIFACT_DEPTH 8
/* YAML or JSON document held as a tree: etcd refuses objects over 1.5 MiB. */
#define PQM_YAML_NODES ((size_t)1 << 20)
#define PQM_YAML_DEPTH 128
#define PQM_YAML_DOC_BYTES ((size_t)16 << 20)
/* Alias expansion budget of one YAML document (billion laughs). */
#define PQM_YAML_ALIASES 10000
#define PQM_JSON_DEPTH 256
/* One line of a stream: an endpoint whose facts fill PQM_PROBE_JOB_BYTES, escaped. */
#define PQM_STREAM_LINE_BYTES ((size_t)8 << 20)
/* Inventory file read back by report, plan and diff. */
#define PQM_INVENTORY_BYTES ((size_t)1 << 30)
/* One finding, asset or task of a report that diff reads: a key with 100,000 copies. */
#define PQM_DIFF_ITEM_BYTES ((size_t)64 << 20)
/* A comment that the gate reads. */
#define PQM_COMMENT_BYTES ((size_t)1024)
/* Such comments are looked for in files that a person edits; each is counted from the start of its file. */
#define PQM_COMMENT_FILE_BYTES ((size_t)4 << 20)
#define PQM_COMMENTS ((size_t)1000)
/* Policies that extend files that extend files: nobody follows more by eye. */
#define PQM_POLICY_DEPTH 8u
/* Baseline of a gate: 500,000 findings. */
#define PQM_BASELINE_BYTES ((size_t)64 << 20)
/* History of runs: those kept of one set of targets (nightly for three years), sets of targets in one file,
 * the file itself, and how long another process may hold it. */
#define PQM_TREND_RUNS 1000
#define PQM_TREND_SERIES 1000
#define PQM_TREND_BYTES ((uint64_t)1 << 30)
#define PQM_TREND_WAIT_MS 10000
/* Of it in a report: runs, and things that appeared or went since the last one. */
#define PQM_TREND_SHOWN 60
#define PQM_TREND_LISTED 200
/* Other targets in the history, which the first run of these names. */
#define PQM_TREND_OTHERS 5
/* Assets, deadlines and targets that have time series of their own in prom; the rest are sums. And a label. */
#define PQM_PROM_SERIES 500
#define PQM_PROM_LABEL_BYTES 128
/* A rule or configuration file. */
#define PQM_RULE_FILE_BYTES ((size_t)4 << 20)
/* Lines of one SSH key file. */
#define PQM_SSH_KEYS_PER_FILE 100000
/* Imported or exported symbols of one ELF file. */
#define PQM_ELF_SYMBOLS ((size_t)1 << 20)
/* Section headers of one linked ELF file: more than 65,279 need the extended form, seen in objects. */
#define PQM_ELF_SECTIONS ((size_t)65536)
/* Entries of the dynamic segment: browsers need under 300. */
#define PQM_ELF_DYNAMIC ((size_t)16384)
/* Symbol versions that one ELF file asks for: real ones ask for under 200. */
#define PQM_ELF_VERSIONS ((size_t)8192)
/* Name of a symbol that can be a library function's; mangled names of C++ are longer. */
#define PQM_ELF_SYMBOL_BYTES ((size_t)128)
/* Name of a needed library: a path at most. */
#define PQM_ELF_NAME_BYTES ((size_t)4096)
/* Bytes of the version-needs table. */
#define PQM_ELF_VERNEED_BYTES ((size_t)256 << 10)
/* One constant, or text of a library, that is looked for: a prime of 8,192 bits in hex has 2,048. */
#define PQM_SAMPLE_BYTES ((size_t)4096)
/* Of them: the rules have 1,200. */
#define PQM_SAMPLES_MAX ((size_t)16384)
/* Machine code of one ELF file. What is held of it while it is read: edges of the call graph, relocated words,
 * functions, instructions that are decoded; a browser of 300 MB has 3.5, 1.2 and 0.6 million of the first three.
 * Places that are told. */
#define PQM_CODE_BYTES ((size_t)96 << 20)
/* Of more code than this only the functions around calls of interest and those that call these are looked at. */
#define PQM_CODE_TEXT ((uint64_t)192 << 20)
/* Of functions with calls of interest, in a file with more code than that: callers that are looked at. */
#define PQM_CODE_SWEPT_CALLERS ((size_t)4096)
#define PQM_CODE_EDGES ((size_t)4 << 20)
#define PQM_CODE_SLOTS ((size_t)2 << 20)
#define PQM_CODE_INSNS ((size_t)8 << 20)
#define PQM_CODE_CALLS ((size_t)65536)
/* Instructions that values are followed through, repeated ones counted: half a second. */
#define PQM_CODE_STEPS ((size_t)48 << 20)
/* The same, along single ways to calls whose arguments differ by the way there. */
#define PQM_CODE_WAY_STEPS ((size_t)4 << 20)
/* The way back from calls to exports: edges of the graph, and nodes that are visited. */
#define PQM_CODE_BACK_EDGES ((size_t)1 << 19)
#define PQM_CODE_BACK_STEPS ((size_t)2 << 20)
/* Loaded segments: linkers make four to ten. */
#define PQM_CODE_SEGMENTS ((size_t)64)
/* Of one function: instructions and blocks; the largest interpreters' loops have 40,000 and 8,000. */
#define PQM_CODE_FUNC_INSNS ((size_t)1 << 16)
#define PQM_CODE_FUNC_BLOCKS ((size_t)8192)
/* Functions that a library starts or ends with, and a text that is handed to a call. */
#define PQM_CODE_INITS ((size_t)4096)
#define PQM_CODE_TEXT_BYTES ((size_t)400)
/* Callers of callers that are asked for the value of a parameter. */
#define PQM_CODE_ROUNDS 3
/* Frames of a witness path, both ends kept; exports that are told to reach one call. */
#define PQM_CODE_FRAMES ((size_t)64)
#define PQM_CODE_FROM ((size_t)4096)
/* Go programs: segments or sections of one image, images of a universal file, functions (the largest known has
 * 400,000), relocated pointers, lines of build information (1,500 modules), the toolchain's version. */
#define PQM_GO_SEGMENTS 4096
#define PQM_GO_IMAGES 16
#define PQM_GO_FUNCTIONS ((uint64_t)1 << 21)
#define PQM_GO_RELOCS ((uint64_t)1 << 21)
#define PQM_GO_INFO_LINES 50000
#define PQM_GO_VERSION_BYTES 256
/* Calls of wanted functions that are kept of one program, methods of one method table, and of all tables that code
 * refers to (the largest programs have two million references to methods). */
#define PQM_GO_CALLS ((size_t)16384)
#define PQM_GO_METHODS 256
#define PQM_GO_METHODS_ALL ((size_t)1 << 23)
/* Code that is gone through for the arguments of calls in one program: by the flow of values, and for callers. */
#define PQM_GO_FLOW_BYTES ((uint64_t)4 << 20)
#define PQM_GO_CALLER_BYTES ((uint64_t)256 << 20)
/* Program text read for its calls: generated files are longer, and nobody writes their calls. */
#define PQM_LEX_BYTES ((size_t)4 << 20)
#define PQM_LEX_TOKENS ((size_t)1 << 20)
/* Of one program text: calls that are told; parts of a name (a.b.c); blocks within each other; what a number
 * is computed from; characters of a call that a report shows. */
#define PQM_SOURCE_FINDS 2000
#define PQM_SOURCE_CHAIN 16
#define PQM_SOURCE_SCOPES 256
#define PQM_SOURCE_EXPR 32
/* Names that one number is computed from, in all; tokens of a statement or of parameters; packages imported whole,
 * headers, and meanings of one name; names compared in one text. */
#define PQM_SOURCE_NAMES 256
#define PQM_SOURCE_SPAN 512
#define PQM_SOURCE_WILD 1024
#define PQM_SOURCE_MEANINGS 8
#define PQM_SOURCE_WORK ((uint64_t)1 << 28)
#define PQM_SOURCE_CALL_BYTES 120
/* Functions of a library that a C text must call to show that a header of its own brings in the library's. */
#define PQM_SOURCE_SIGNS 4
/* Templates of JavaScript within each other. */
#define PQM_LEX_DEPTH 16
/* Fields of a struct that are looked through; code of one function that values are followed through. */
#define PQM_GO_FIELDS 512
#define PQM_GO_CODE_BYTES ((uint64_t)1 << 18)
/* Rust programs: the list of crates, unpacked (cargo-auditable's own limit); symbols, and the name of one. */
#define PQM_RUST_LIST_BYTES ((size_t)8 << 20)
#define PQM_RUST_SYMBOLS ((size_t)1 << 21)
#define PQM_RUST_SYMBOL_BYTES ((size_t)2048)
/* Coverage lines kept per run; beyond this only the counts grow. */
#define PQM_NOTES_MAX 10000
/* Coverage lines of one file: a file of broken keys is one problem, not a thousand. */
#define PQM_NOTES_PER_FILE 50
/* Lines of an @FILE target list. */
#define PQM_TARGETS_MAX 100000
/* What --follow takes up: endpoints, images, and lines about those that are left out. */
#define PQM_FOLLOW_ENDPOINTS_MAX 2000
#define PQM_FOLLOW_IMAGES_MAX 500
#define PQM_FOLLOW_LEFT_MAX 1000
/* Standard input read as one artifact. */
#define PQM_STDIN_BYTES ((size_t)256 << 20)
/* Text of one field of a finding, after which it is cut with an ellipsis. */
#define PQM_TEXT_BYTES 4096
/* Person-days a month that a plan is made for: fifty thousand people. */
#define PQM_CAPACITY_MAX 1e6
/* Java code: values kept where ways meet (generated parsers with 64 KiB of code stay under a third of it);
 * instructions gone through for one method, each a few times at most in real code; and what following all methods
 * of a class may cost (instructions, handlers, values that are merged), by bytes of the class. */
#define PQM_JFLOW_SLOTS ((size_t)1 << 21)
#define PQM_JFLOW_STEPS ((uint64_t)1 << 21)
#define PQM_JFLOW_WORK ((uint64_t)1 << 22)
#define PQM_JFLOW_WORK_PER_BYTE 64
/* Symbols of one PE or Mach-O file, and libraries it asks for: browsers have a tenth. */
#define PQM_PE_SYMBOLS ((size_t)1 << 18)
#define PQM_PE_DLLS ((size_t)4096)
/* Windows loads no image with more. */
#define PQM_PE_SECTIONS ((size_t)96)
#define PQM_MACHO_SYMBOLS ((size_t)1 << 20)
#define PQM_MACHO_DYLIBS ((size_t)4096)
#define PQM_MACHO_NAME_BYTES ((size_t)128)
/* .NET: a name or text that can mean something; a signature; code of one method; values that its calls are handed;
 * instructions of one assembly, of which the largest have five million. */
#define PQM_CLR_NAME_BYTES ((size_t)256)
#define PQM_CLR_SIGNATURE_BYTES ((size_t)512)
#define PQM_CLR_CODE_BYTES ((size_t)1 << 20)
#define PQM_CLR_VALUES ((size_t)1 << 17)
#define PQM_CLR_STEPS ((uint64_t)16 << 20)
/* Worker threads. */
#define PQM_THREADS_MAX 256

/* One SSH public key or certificate, decoded: OpenSSH's own limit is 16 KiB for keys. */
#define PQM_SSH_BLOB_BYTES ((size_t)64 << 10)
/* One OpenSSH private key: RSA-16384 stays under 12 KiB. */
#define PQM_SSH_PRIVATE_BYTES ((size_t)1 << 20)
/* Name of an SSH key type, and blanks behind it: RFC 4250 §4.6.1 allows 64. */
#define PQM_SSH_TYPE_BYTES 64
/* One packet before encryption: RFC 4253 §6.1 asks for 35,000; lists of names and replies of honest
 * servers stay under 5,000, and a machine is shown PQM_PROBE_HELD_BYTES. */
#define PQM_SSH_PACKET_BYTES ((size_t)16 << 10)
/* The identification line: 255 with CR LF [RFC4253 §4.2]; text in front of it, which has no bound. */
#define PQM_SSH_IDENT_BYTES 512
#define PQM_SSH_PREFACE_BYTES ((size_t)8 << 10)
/* Names in one list of KEXINIT: the longest known, of OQS, has 120. */
#define PQM_SSH_NAMES 512
/* How far back the line of an SSH key is read: options and host lists are a few hundred bytes. */
#define PQM_SSH_LINE_BYTES 8192
/* Comment of a public key kept as a fact. */
#define PQM_SSH_COMMENT_BYTES 64
/* One JSON Web Key with its certificate chain. */
#define PQM_JWK_BYTES ((size_t)256 << 10)
/* A key is an object with one level of objects in it (oth, x5c); two more are spare. */
#define PQM_JWK_DEPTH 4
/* OpenPGP packets of one key ring: the largest distribution ring has some 200,000. */
#define PQM_PGP_PACKETS ((size_t)1 << 20)
/* Public part of one OpenPGP key packet: composites of ML-DSA-87 and Ed448 need 2,700. */
#define PQM_PGP_KEY_BYTES ((size_t)64 << 10)
/* Entries of one Java key store. */
#define PQM_JKS_ENTRIES 100000
/* Objects and fields of one serialized secret key in a JCEKS store: SealedObject has 4 and 8. */
#define PQM_JAVA_HANDLES 64
#define PQM_JAVA_DEPTH 16
/* Lines of one block of a PuTTY key file: RSA-16384 needs 60. */
#define PQM_PPK_LINES 4096

/* Facts kept of one Kubernetes object: a pod template with every field set has a few hundred. */
#define PQM_K8S_FACTS 20000
/* Written path of a field ("spec.template.spec.containers[0].image"). */
#define PQM_K8S_PATH_BYTES 512
/* Names, namespaces, kinds and map keys: Kubernetes allows 253, annotation keys 317. */
#define PQM_K8S_KEY_BYTES 320
/* Recipients of one encrypted file. */
#define PQM_SEALED_RECIPIENTS 1000
/* Base64 that is decoded of the front of one. */
#define PQM_SEALED_TEXT_BYTES ((size_t)128 << 10)
/* Header or footer of a model or dataset file (safetensors allows 100 MB), and what it may list. */
#define PQM_AIF_HEADER_BYTES ((size_t)100 << 20)
#define PQM_AIF_ENTRIES 1000000
/* What is read of a file of weights, besides pages of its header and directory. */
#define PQM_WEIGHTS_HEAD_BYTES ((size_t)64 << 10)
/* Configuration text of one program: real files stay under 200 KiB. */
#define PQM_LINK_FACTS 4096  /* of a library: a rule and an export each */
#define PQM_LINK_NAMES 32768 /* imports of a program */
#define PQM_CONF_BYTES ((size_t)1 << 20)
#define PQM_CONF_JOINED 65536 /* bytes of values that count together */
/* Values of Secrets and ConfigMaps shorter than this hold no key or certificate. */
#define PQM_K8S_CONTENT_MIN 16
/* Ids of findings listed behind one hop; the rest is a count. */
#define PQM_HOP_FINDINGS 50
/* Steps along "derived from" between assets; longer chains are cycles or mistakes. */
#define PQM_LINEAGE_DEPTH 32
/* helm or kustomize, run for one folder by --render. */
#define PQM_RENDER_MS 60000u
/* Horizons of one arrival curve: surveys ask about five. */
#define PQM_CURVE_POINTS_MAX 32
/* Curves that decisions are compared under, beside the chosen one. */
#define PQM_CURVE_COMPARE_MAX 4
/* Name of a curve, as reports print it in one line. */
#define PQM_CURVE_ID_BYTES 64
/* Algorithm classes of rules/risk/shifts.yaml, and letters of one harvest, reach or coverage table. */
#define PQM_RISK_CLASSES_MAX 32
#define PQM_RISK_LETTERS_MAX 16
/* Vectors of one asset for `pqmap risk`, and the length of a line that holds them. */
#define PQM_RISK_VECTORS_MAX 64
#define PQM_RISK_LINE_BYTES ((size_t)16 << 10)
/* Uses of one asset up to which the deciding one is found by removal (quadratic); beyond, by size. */
#define PQM_DECIDER_USES_MAX 512
/* Sections and inserted files of a report template, one in the other; and its parts in all. */
#define PQM_TPL_DEPTH 16
#define PQM_TPL_NODES ((size_t)1 << 16)
/* Different windows of flowing content under one lineage root; their crossings are quadratic. */
#define PQM_STREAMS_MAX 96
/* Loss distribution: amounts kept apart, room to convolve in, arrival steps (80 years by quarters). */
#define PQM_LOSS_ATOMS_MAX ((size_t)2048)
#define PQM_LOSS_WORK_MAX (8 * PQM_LOSS_ATOMS_MAX)
#define PQM_LOSS_STEPS_MAX ((size_t)320)
/* Up to so many roots losses are exact; beyond, sums lie on a grid of so many cells, for so many
 * intervals of the arrival: 5,000 roots under four scenarios in 0.6 s. */
#define PQM_LOSS_EXACT_ROOTS ((size_t)16)
#define PQM_LOSS_GRID ((size_t)512)
#define PQM_LOSS_ARRIVALS_MAX ((size_t)40)
/* Tasks of one plan; more are folded by kind. */
#define PQM_PLAN_JOBS_MAX ((size_t)8192)
/* Jobs that the exact search takes: 65,536 sets. */
#define PQM_PLAN_EXACT_MAX 16
/* Sets that the exact searches of one order take together: 32 full ones. */
#define PQM_PLAN_EXACT_SETS ((uint64_t)1 << 21)
/* Nodes that the local search of one order looks at: 0.1 s. */
#define PQM_PLAN_SEARCH_STEPS ((uint64_t)40000000)
/* Places and finding ids that one task lists; the rest is a count. */
#define PQM_TASK_PLACES_MAX 50
#define PQM_TASK_FINDINGS_MAX ((size_t)1000)
/* Documents of a file that are looked at for a setting, back from its line: anchors reach no further. */
#define PQM_TASK_DOCS_BACK 64
/* Assets whose decisions are searched for what flips them, the worst first: 0.3 ms each. */
#define PQM_FLIP_ASSETS_MAX ((size_t)500)
/* Rounds of plan, finish, Y and score; dates settle in two to four. */
#define PQM_PLAN_ROUNDS_MAX 12
/* BER looked at in one artifact, besides four times its size: what the largest object needs twice. */
#define PQM_BER_WORK_BYTES ((size_t)16 << 20)
/* References between Kubernetes objects: a Service that selects every workload of 400 is 400. */
#define PQM_GRAPH_EDGES ((size_t)200000)
/* And so many more for each object: a pod template refers to ten Secrets, ConfigMaps and images. */
#define PQM_GRAPH_EDGES_PER_OBJECT ((size_t)16)
/* Nodes in a drawing of that graph: what Graphviz lays out in seconds and a person can follow. */
#define PQM_DOT_NODES ((size_t)200)

/* Live clusters: one page of a list. API servers send 500 objects of a few KiB; over it fewer are asked for. */
#define PQM_KUBE_PAGE_BYTES ((size_t)32 << 20)
/* Objects asked for in one page, as kubectl does. */
#define PQM_KUBE_PAGE_OBJECTS 500u
/* Pages that wait for a worker, more than there are workers, and the bytes of all that are held. */
#define PQM_PAGES_AHEAD 1u
#define PQM_PAGES_BYTES ((size_t)16 << 20)
/* Tries of one request, and the longest wait between two; Retry-After is believed up to it. */
#define PQM_KUBE_TRIES 8u
#define PQM_KUBE_WAIT_MS 30000u
/* Tries until the server answered for the first time. */
#define PQM_KUBE_FIRST_TRIES 3u
/* How often one list is begun anew because what it was read from is gone, or goes on without new objects. */
#define PQM_KUBE_RESTARTS 5u
#define PQM_KUBE_EMPTY_PAGES 1000u
/* A credential plugin that opens no browser answers in seconds. */
#define PQM_KUBE_EXEC_MS 60000u
#define PQM_KUBE_EXEC_BYTES ((size_t)1 << 20)

/* Container images. Manifests: registries refuse more than 4 MiB; configurations carry the history. */
#define PQM_OCI_MANIFEST_BYTES ((size_t)4 << 20)
/* Layers of one image: overlay file systems take 128; entries of one index; indexes in indexes. */
#define PQM_OCI_LAYERS 1024
#define PQM_OCI_INDEX ((size_t)4096)
#define PQM_OCI_DEPTH 4
/* Images of one target. */
#define PQM_OCI_IMAGES ((size_t)1000)
/* Paths of one image that are remembered to know what upper layers hide: 16 bytes each, twice over. */
#define PQM_IMAGE_PATHS ((size_t)2 << 20)
/* Entries of one layer: ten times the largest known. */
#define PQM_LAYER_ENTRIES ((uint64_t)20 << 20)
/* Name of an entry, and folders below each other in it. */
#define PQM_ENTRY_NAME_BYTES ((size_t)4096)
#define PQM_ENTRY_DEPTH 256
/* What stands between the data of two entries of an archive. */
#define PQM_ENTRY_HEADER_BYTES ((size_t)16 << 20)
/* What a layer unpacks to, for each byte packed, once it is over PQM_RATIO_FROM_BYTES: text packs 10:1. */
#define PQM_RATIO_MAX 200
#define PQM_RATIO_FROM_BYTES ((uint64_t)1 << 30)
/* Members up to the first size are handed to other threads, whole, so many bytes of them at a time. */
#define PQM_MEMBER_QUEUE_BYTES ((size_t)4 << 20)
#define PQM_MEMBERS_QUEUED_BYTES ((size_t)16 << 20)
/* Members up to this size are held whole. Of larger ones so much is: the start, the end, and around every
 * candidate; the rest is swept and let go. */
#define PQM_MEMBER_HELD_BYTES ((size_t)24 << 20)
#define PQM_MEMBER_HEAD_BYTES ((size_t)12 << 20)
/* Programs up to this size are held whole: what they call stands anywhere in them. */
#define PQM_PROGRAM_HELD_BYTES ((size_t)64 << 20)
/* Weights larger than the first, in a registry, are fetched as far as the second, which is what is held of their
 * head: the largest vocabularies take 10 MiB. */
#define PQM_REMOTE_WEIGHTS_BYTES ((uint64_t)64 << 20)
#define PQM_REMOTE_HEAD_BYTES PQM_MEMBER_HEAD_BYTES
/* What a stream may make its reader remember: libzstd takes no more. */
#define PQM_UNPACK_WINDOW_BYTES ((size_t)128 << 20)
/* The largest member: a model of 400 billion parameters in one file. */
#define PQM_MEMBER_BYTES ((uint64_t)1 << 40)
/* Archives in trees and layers. Levels of them, one in the other; values of manifests in them are more. */
#define PQM_ARCHIVE_DEPTH 5
/* What one file holds, archives in it included: entries, and bytes. */
#define PQM_ARCHIVE_ENTRIES_MAX ((uint64_t)1 << 20)
#define PQM_ARCHIVE_OUT_BYTES ((uint64_t)256 << 30)
/* From here on it must not unpack to more than PQM_RATIO_MAX times its size. */
#define PQM_ARCHIVE_RATIO_FROM ((uint64_t)64 << 20)
/* Members held whole by one thread, those that others are in included; larger ones are held in part, or
 * streamed. */
#define PQM_ARCHIVE_HELD_BYTES ((size_t)32 << 20)
#define PQM_ARCHIVE_HELD_LEAST ((size_t)1 << 20)
/* A member whose size is only known at its end: address space that is set aside for it. */
#define PQM_ARCHIVE_UNSIZED_BYTES ((size_t)64 << 30)
/* A rule bundle: our own rules and their samples are 3 MB in 900 files. */
#define PQM_BUNDLE_BYTES ((size_t)32 << 20)
#define PQM_BUNDLE_FILES 20000u
/* The cache: all of it, one layer of it and of that the names; a Debian image has 300 kB. */
#define PQM_CACHE_BYTES ((uint64_t)1 << 30)
#define PQM_CACHE_ROW_BYTES ((size_t)16 << 20)
#define PQM_LAYER_NAMES_BYTES ((size_t)12 << 20)
/* How long another process may hold the cache before this one goes on without. */
#define PQM_CACHE_WAIT_MS 2000
/* Tries of one request to a registry, without any progress between them, and redirects of one. */
#define PQM_REGISTRY_TRIES 6u
#define PQM_REGISTRY_REDIRECTS 5u
/* Longest wait between two tries; Retry-After is believed up to it. */
#define PQM_REGISTRY_WAIT_MS 30000u
/* Docker's configuration, and what a credential helper prints. */
#define PQM_DOCKER_CONFIG_BYTES ((size_t)1 << 20)
#define PQM_DOCKER_HELPER_MS 60000u
/* Answers of a registry that are no blob: tokens, errors. */
#define PQM_REGISTRY_ANSWER_BYTES ((size_t)1 << 20)
/* Signatures, attestations and others that refer to one manifest; tries of what need not be there. */
#define PQM_IMAGE_ATTACHED 64u
#define PQM_REGISTRY_TRIES_OPTIONAL 4u
#define PQM_REGISTRY_WAIT_OPTIONAL_MS 5000u
/* Of an archive that is packed as a whole: a part that is kept while it passes, when it may be JSON. */
#define PQM_PACKED_KEPT_BYTES ((uint64_t)1 << 20)
/* Entries of the archive that holds an image: blobs and folders. */
#define PQM_ARCHIVE_ENTRIES ((size_t)65536)

/* Databases of rpm: packages, five times what a distribution has installed anywhere; what is read of one; and
 * a database that is held whole where it comes as a stream: that of RHEL with a desktop has 100 MB, of an image
 * 10 to 40. */
#define PQM_RPMDB_PACKAGES ((uint64_t)65536)
#define PQM_RPMDB_HEADER_BYTES ((size_t)32 << 10)
#define PQM_RPMDB_HELD_BYTES ((size_t)64 << 20)

/* Packages of cryptography that one database or bill of materials lists. */
#define PQM_PACKAGE_FACTS 512
/* Bills of materials: all of one, which is what is held of a member of an image; items, of which an image with
 * Python and Node has 20,000; one item, with all its licences and references; components in components. */
#define PQM_SBOM_BYTES PQM_MEMBER_HELD_BYTES
#define PQM_SBOM_ITEMS ((uint64_t)200000)
#define PQM_SBOM_ITEM_BYTES ((size_t)1 << 20)
#define PQM_SBOM_DEPTH 8

/* Occurrences that the copies of one content may give: 100 copies of a store of 1,000 keys. */
#define PQM_ROWS_PER_CONTENT ((size_t)100000)

/* TLS: handshake bytes before a verdict is due: a chain of four ML-DSA-87 certificates is 30 kB. */
#define PQM_TLS_FLIGHT_BYTES ((size_t)256 << 10)
/* Extensions of one message: browsers send 18. */
#define PQM_TLS_EXTENSIONS 64
/* Cookie of a HelloRetryRequest, which goes back as it came: OpenSSL's has 140 bytes. */
#define PQM_TLS_COOKIE_BYTES ((size_t)4 << 10)
/* One connection of a probe: bytes in all, records, empty records, warning alerts, ChangeCipherSpecs. */
#define PQM_PROBE_CONN_BYTES ((size_t)512 << 10)
#define PQM_PROBE_RECORDS 4096
#define PQM_PROBE_EMPTY_RECORDS 16
#define PQM_PROBE_WARNINGS 4
#define PQM_PROBE_CCS 2
/* QUIC: CRYPTO bytes and pieces that came before their turn, in one connection: 20 datagrams. */
#define PQM_QUIC_HELD_BYTES ((size_t)32 << 10)
#define PQM_QUIC_HELD_PIECES 64
/* Token of a Retry: it must leave room for a hello in a datagram of 1,200 bytes; real ones have 30 to 150. */
#define PQM_QUIC_TOKEN_BYTES ((size_t)600)
/* Datagrams of one connection, and those among them that are not of it or make no sense. */
#define PQM_PROBE_DATAGRAMS 1024
#define PQM_PROBE_STRAYS 64
/* Bytes that a machine may leave unused until more come: one TLS record and its header. */
#define PQM_PROBE_HELD_BYTES ((size_t)18 << 10)
/* Facts of one endpoint: chains of full TLS, QUIC and DTLS profiles stay under 200 kB. */
#define PQM_PROBE_JOB_BYTES ((size_t)1 << 20)
/* One connection, when the target's deadline is further away. */
#define PQM_PROBE_CONN_MS 4000u
/* A server that talks first does so in this time. */
#define PQM_PROBE_GREETING_MS 300u
/* Connections of one endpoint, whatever the strategy thinks. */
#define PQM_PROBE_CONNECTIONS 400u

/* What has no control bytes in so much of its start is text. */
#define PQM_TEXT_LOOK_BYTES 1024
/* Lines are counted for offsets up to here: beyond, nobody opens the file in an editor. */
#define PQM_TEXT_LINES_BYTES ((size_t)16 << 20)

#endif
