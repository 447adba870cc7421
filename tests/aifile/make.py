#!/usr/bin/env python3
"""Writes small files of every format that det_aifile knows, look-alikes and hostile ones, with what a reader must say.

make(folder) returns {path: facts}: a dict of facts that must be there, None where nothing may be recognised, or a string that
the note about a broken file must contain. Only the formats' own documents were used: no library that writes them is needed."""
import base64
import functools
import hashlib
import io
import json
import math
import pickle
import struct
import sys
import types
import zipfile


def safetensors(tensors, meta=None):
    """tensors: name -> (dtype, shape, bits of an element)."""
    head, at = ({"__metadata__": meta} if meta else {}), 0
    for name, (dtype, shape, bits) in tensors.items():
        n = 1
        for d in shape:
            n *= d
        size = (n * bits + 7) // 8
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + bytes(at)


# Elements of a block and its bytes, by the number of the type [ggml.h].
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 8: (32, 34), 12: (256, 144), 14: (256, 210), 20: (32, 18), 30: (1, 2), 39: (32, 17)}


def gguf(version, keys, tensors, order="<", align=32):
    size = "I" if version == 1 else "Q"
    at = 0

    def string(s):
        return struct.pack(order + size, len(s)) + s.encode()

    out = b"GGUF" + struct.pack(order + "I" + 2 * size, version, len(tensors), len(keys))
    for key, (kind, value) in keys.items():
        out += string(key) + struct.pack(order + "I", kind)
        if kind == 8:
            out += string(value)
        elif kind == 9:
            out += struct.pack(order + "I" + size, 8, len(value)) + b"".join(string(v) for v in value)
        elif kind == 4:
            out += struct.pack(order + "I", value)
        else:
            out += struct.pack(order + "f", value)
    for name, (kind, dims) in tensors.items():
        out += string(name) + struct.pack(order + "I" + len(dims) * size, len(dims), *dims) + struct.pack(order + "IQ", kind, at)
        block, each = BLOCKS[kind]
        at += math.prod(dims) // block * each
        at += -at % align
    return out + bytes(-len(out) % align) + bytes(at)


@functools.cache
def fake(module, name):
    """A class that pickles as module.name, without that module."""
    parts = module.split(".")
    for i in range(len(parts)):
        sys.modules.setdefault(".".join(parts[:i + 1]), types.ModuleType(".".join(parts[:i + 1])))
    cls = type(name, (), {"__module__": module, "__qualname__": name})
    setattr(sys.modules[module], name, cls)
    return cls


class Storage:
    def __init__(self, cls, key, n):
        self.id = ("storage", cls, str(key), "cpu", n)


class TorchPickler(pickle.Pickler):
    def persistent_id(self, obj):
        return obj.id if isinstance(obj, Storage) else None


class Tensor:
    def __init__(self, storage, shape):
        self.storage, self.shape = storage, shape

    def __reduce__(self):
        return fake("torch._utils", "_rebuild_tensor_v2"), (self.storage, 0, self.shape, (1,), False)


def torch_pickle(storages):
    """storages: name -> (class, key, elements); a key twice is one storage."""
    out = io.BytesIO()
    TorchPickler(out, 2).dump({k: Tensor(Storage(fake("torch", c), key, n), (n,)) for k, (c, key, n) in storages.items()})
    return out.getvalue()


def zipped(members, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, body in members.items():
            z.writestr(name, body)
    return out.getvalue()


class Act:
    def __init__(self, call, *args):
        self.call, self.args = call, args

    def __reduce__(self):
        return self.call, self.args


def varint(n):
    out = b""
    while n > 0x7f:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def field(no, value):
    if isinstance(value, int):
        return varint(no << 3) + varint(value)
    return varint(no << 3 | 2) + varint(len(value)) + value


def onnx(initializers, packed=False):
    graph = field(2, b"intent-classifier")
    for kind, dims in initializers:
        d = field(1, b"".join(varint(x) for x in dims)) if packed else b"".join(field(1, x) for x in dims)
        graph += field(5, d + field(2, kind) + field(8, b"w") + field(9, bytes(8)))
    return field(1, 8) + field(2, b"pytorch") + field(7, graph) + field(8, field(2, 17))


def zigzag(n):
    return varint((n << 1) ^ (n >> 63))


def thrift(fields):
    """fields: (id, type, bytes)."""
    out, last = b"", 0
    for no, kind, body in fields:
        out += bytes([(no - last) << 4 | kind]) + body
        last = no
    return out + b"\0"


def thrift_list(kind, items):
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xf0 | kind]) + varint(len(items))
    return head + b"".join(items)


def text(s):
    return varint(len(s)) + s


# What the key tools of parquet-mr and Arrow write.
KEY_TOOLS = json.dumps({
    "keyMaterialType": "PKMT1", "internalStorage": True, "isFooterKey": True, "kmsInstanceID": "DEFAULT",
    "kmsInstanceURL": "https://me:hunter2@kms.clinic.example:8200", "masterKeyID": "kf", "wrappedDEK": "c2VjcmV0IHNlY3JldA==",
    "doubleWrapping": True, "keyEncryptionKeyID": "a2Vr", "wrappedKEK": "c2VjcmV0IHNlY3JldA=="}).encode()


def parquet(columns, rows, encrypted=(), footer_encrypted=False, key=b"key-1", gcm=1):
    if footer_encrypted:
        crypto = thrift([(1, 12, thrift([(gcm, 12, thrift([(1, 8, text(b"aad"))]))])), (2, 8, text(key))])
        foot = crypto + b"\xde\xad" * 40
        return b"PARE" + bytes(40) + foot + struct.pack("<I", len(foot)) + b"PARE"
    schema = [thrift([(4, 8, text(b"root")), (5, 5, zigzag(len(columns)))])]
    schema += [thrift([(1, 5, zigzag(6)), (4, 8, text(c))]) for c in columns]
    chunks = []
    for c in columns:
        fields = [(2, 6, zigzag(4))]
        if c in encrypted:
            fields.append((8, 12, thrift([(2, 12, thrift([(1, 9, thrift_list(8, [text(c)])), (2, 8, text(key))]))])))
        chunks.append(thrift(fields))
    groups = [thrift([(1, 9, thrift_list(12, chunks)), (2, 6, zigzag(100)), (3, 6, zigzag(rows))])]
    fields = [(1, 5, zigzag(2)), (2, 9, thrift_list(12, schema)), (3, 6, zigzag(rows)), (4, 9, thrift_list(12, groups)),
              (6, 8, text(b"parquet-cpp-arrow version 17.0.0"))]
    if encrypted:
        fields.append((8, 12, thrift([(gcm, 12, thrift([]))])))
        fields.append((9, 8, text(key)))
    foot = thrift(fields)
    return b"PAR1" + bytes(100) + foot + struct.pack("<I", len(foot)) + b"PAR1"


def masked_crc(data):
    c = 0xffffffff
    for b in data:
        c ^= b
        for _ in range(8):
            c = (c >> 1) ^ (0x82f63b78 if c & 1 else 0)
    c ^= 0xffffffff
    return ((c >> 15 | c << 17) + 0xa282ead8) & 0xffffffff


def tfrecord(body):
    n = struct.pack("<Q", len(body))
    return n + struct.pack("<I", masked_crc(n)) + body + struct.pack("<I", masked_crc(body))


def model_signature(files, sign, material):
    """A bundle as OpenSSF model signing 1.0 writes it; sign(bytes) -> signature."""
    listed = [{"name": n, "algorithm": "sha256", "digest": hashlib.sha256(b).hexdigest()} for n, b in sorted(files.items())]
    root = hashlib.sha256(b"".join(bytes.fromhex(x["digest"]) for x in listed)).hexdigest()
    body = json.dumps({
        "_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "model", "digest": {"sha256": root}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {"serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False}, "resources": listed}}).encode()
    kind = b"application/vnd.in-toto+json"
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)
    return json.dumps({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": {**material, "tlogEntries": []},
        "dsseEnvelope": {"payload": base64.b64encode(body).decode(), "payloadType": kind.decode(),
                         "signatures": [{"sig": base64.b64encode(sign(signed)).decode()}]}}).encode()


def ecdsa(n):
    """Bytes of the form of an ECDSA signature over a curve of n bytes: 30 … 02 r 02 s."""
    body = b"\2" + bytes([n + 1]) + b"\0" + b"\xee" * n + b"\2" + bytes([n]) + b"\x22" * n
    return b"\x30" + (bytes([len(body)]) if len(body) < 128 else b"\x81" + bytes([len(body)])) + body


def npy(descr, shape, body):
    head = str({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + body


def good():
    llama = {"model.embed_tokens.weight": ("BF16", [128, 64], 16), "lm_head.weight": ("BF16", [128, 64], 16),
             "norm.weight": ("F32", [64], 32)}
    keys = {"general.architecture": (8, "llama"), "general.name": (8, "Clinic Llama"), "general.license": (8, "apache-2.0"),
            "llama.block_count": (4, 2), "tokenizer.ggml.tokens": (9, ["a", "b", "hello"]), "llama.rope.freq_base": (6, 1e4)}
    tensors = {"token_embd.weight": (12, [256, 32]), "output_norm.weight": (0, [64])}
    torch = {"w": ("BFloat16Storage", 0, 4096), "b": ("FloatStorage", 1, 32), "tied": ("BFloat16Storage", 0, 4096)}
    legacy = b"".join(pickle.dumps(x, 2) for x in (0x1950a86a20f9469cfc6c, 1001, {"little_endian": True})) + torch_pickle(torch)
    sk = pickle.dumps([fake("sklearn.linear_model._logistic", "LogisticRegression")()], 4)
    return {
        "llama/model-00001-of-00001.safetensors": (safetensors(llama, {"format": "pt"}), {
            "kind": "Model", "format": "safetensors", "parameters": 128 * 64 * 2 + 64, "tensors": 3, "types": "BF16 16384, F32 64",
            "producer": "pt"}),
        "fp4.safetensors": (safetensors({"w": ("F4", [3, 3], 4)}), {"parameters": 9, "types": "F4 9"}),
        "empty.safetensors": (safetensors({}), {"format": "safetensors"}),
        "clinic.gguf": (gguf(3, keys, tensors), {
            "kind": "Model", "format": "gguf", "version": "3", "architecture": "llama", "title": "Clinic Llama",
            "license": "apache-2.0", "parameters": 64 * 128 + 64, "types": "Q4_K 8192, F32 64"}),
        "old.gguf": (gguf(1, keys, tensors), {"version": "1", "parameters": 64 * 128 + 64}),
        "two.gguf": (gguf(2, keys, tensors), {"version": "2", "parameters": 64 * 128 + 64, "tensors": 2}),
        "quantised.gguf": (gguf(3, {**keys, "general.alignment": (4, 64)}, {
            "a": (2, [64, 3]), "b": (8, [32]), "c": (14, [512, 2]), "d": (20, [32]), "e": (30, [7]), "f": (39, [64])}, align=64), {
            "parameters": 64 * 3 + 32 + 1024 + 32 + 7 + 64,
            "types": "Q6_K 1024, Q4_0 192, MXFP4 64, IQ4_NL 32, Q8_0 32, BF16 7"}),
        "scalar.gguf": (gguf(3, {}, {"s": (0, [])}), {"parameters": 1, "types": "F32 1"}),
        "all-types.safetensors": (safetensors({f"t{i}": (t, [6, 4], b) for i, (t, b) in enumerate((
            ("F8_E4M3", 8), ("F8_E5M2", 8), ("F8_E8M0", 8), ("F6_E2M3", 6), ("F6_E3M2", 6), ("BOOL", 8), ("C64", 64), ("U64", 64)))}), {
            "parameters": 8 * 24, "tensors": 8}),
        "scalar.safetensors": (safetensors({"s": ("F32", [], 32), "none": ("F16", [0, 5], 16)}), {"parameters": 1, "tensors": 2}),
        "big-endian.gguf": (gguf(3, keys, tensors, ">"), {"version": "3", "architecture": "llama", "parameters": 64 * 128 + 64}),
        "torch/pytorch_model.bin": (zipped({"archive/data.pkl": torch_pickle(torch), "archive/byteorder": b"little",
                                            "archive/data/0": bytes(8192), "archive/version": b"3\n"}), {
            "kind": "Model", "format": "pytorch", "parameters": 4096 + 32, "types": "BF16 4096, F32 32"}),
        "script.pt": (zipped({"net/data.pkl": torch_pickle(torch), "net/code/__torch__.py": b"x", "net/version": b"3\n"}),
                      {"format": "torchscript"}),
        "legacy.pth": (legacy, {"format": "pytorch-legacy", "parameters": 4096 + 32}),
        "intent.pkl": (sk, {"kind": "Model", "format": "pickle", "version": "4"}),
        "evil.pt": (zipped({"archive/data.pkl": pickle.dumps([fake("torch", "FloatStorage")(), Act(__import__("os").getcwd)], 2)}),
                    {"format": "pytorch", "runs": "posix.getcwd"}),
        "evil4.pkl": (pickle.dumps([fake("torch.nn", "Module")(), Act(eval, "1")], 4), {"runs": "builtins.eval"}),
        "only.pkl": (pickle.dumps(Act(__import__("os").getcwd), 4), {"kind": "Model", "format": "pickle", "runs": "posix.getcwd"}),
        "old.joblib": (pickle.dumps(Act(__import__("os").getcwd), 0), {"format": "pickle", "runs": "posix.getcwd"}),
        "memo.pkl": (b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x8c\x05torch\x94\x8c\x06Module\x94\x930h\x00h\x01\x93\x8c\x04true\x85R.",
                     {"runs": "os.system"}),
        "many-memos.pkl": (b"\x80\x04ctorch\nX\n" + b"\x94" * 3000000 + b".", {"format": "pickle"}),
        "deep.pkl": (b"\x80\x04ctorch\nX\n" + b"(" * 3000000 + b".", {"format": "pickle"}),
        "far-memo.pkl": (b"\x80\x02ctorch\nX\nr\xff\xff\xff\xff.", {"format": "pickle", "runs": None}),
        "own-code.pkl": (pickle.dumps([fake("torch.nn", "Module")(), fake("code.model", "Net")(), types.SimpleNamespace(a=1)], 4), {
            "format": "pickle", "runs": None}),
        "net.keras": (zipped({"metadata.json": b"{}", "config.json": b"{}", "model.weights.h5": b"x"}),
                      {"kind": "Model", "format": "keras"}),
        "arrays.npz": (zipped({"a.npy": npy("<f4", (2,), bytes(8)), "b.npy": npy("<f4", (2,), bytes(8))}),
                       {"kind": "Array", "format": "npz", "elements": 4, "types": "<f4 4"}),
        "x.npy": (npy("<f2", (3, 4), bytes(24)), {"kind": "Array", "format": "npy", "version": "1.0", "architecture": "<f2", "elements": 12, "types": "<f2 12"}),
        "intent.onnx": (onnx([(1, [10, 20]), (10, [5])]), {
            "kind": "Model", "format": "onnx", "version": "8", "producer": "pytorch", "title": "intent-classifier",
            "parameters": 205, "types": "F32 200, F16 5"}),
        "packed.onnx": (onnx([(16, [300, 2])], packed=True), {"parameters": 600, "types": "BF16 600"}),
        "patients.parquet": (parquet([b"id", b"name", b"icd10"], 1234), {
            "kind": "Dataset", "format": "parquet", "rows": 1234, "columns": 3, "producer": "parquet-cpp-arrow version 17.0.0"}),
        "wide.parquet": (parquet([b"c%d" % i for i in range(40)], 7), {"rows": 7, "columns": 40}),
        "sealed-columns.parquet": (parquet([b"id", b"name", b"icd10"], 5, encrypted=[b"name"]), {
            "encryption": "AES_GCM_V1", "encrypted": "1 of 3 columns", "rows": 5}),
        "sealed.parquet": (parquet([], 0, footer_encrypted=True), {"encryption": "AES_GCM_V1", "encrypted": "footer and columns"}),
        "key-tools.parquet": (parquet([], 0, footer_encrypted=True, key=KEY_TOOLS), {
            "encryption": "AES_GCM_V1", "kms": "kms.clinic.example:8200", "master_key": "kf", "wrapping": "double"}),
        "ctr.parquet": (parquet([b"id", b"name"], 3, encrypted=[b"id", b"name"], key=KEY_TOOLS, gcm=2), {
            "encryption": "AES_GCM_CTR_V1", "encrypted": "2 of 2 columns", "column_keys": 2, "master_key": "kf"}),
        "train-00000.tfrecord": (tfrecord(b"example" * 20), {"kind": "Dataset", "format": "tfrecord"}),
        "docs.faiss": (b"IxFI" + struct.pack("<iq", 768, 10000) + bytes(64), {
            "kind": "Index", "format": "faiss", "dimension": 768, "rows": 10000}),
        "t.arrow": (b"ARROW1\0\0" + bytes(64), {"kind": "Dataset", "format": "arrow"}),
        "t.avro": (b"Obj\x01\x04\x16avro.schema" + bytes(64), {"kind": "Dataset", "format": "avro"}),
        "t.orc": (b"ORC" + bytes(64), {"kind": "Dataset", "format": "orc"}),
        "weights.h5": (b"\x89HDF\r\n\x1a\n" + bytes(100) + b"keras_version" + bytes(64), {"kind": "Model", "format": "hdf5"}),
        "weather.h5": (b"\x89HDF\r\n\x1a\n" + bytes(300), {"kind": "Array", "format": "hdf5"}),
        "mobile.tflite": (struct.pack("<I", 28) + b"TFL3" + bytes(64), {"kind": "Model", "format": "tflite"}),
        "1/saved_model.pb": (b"\x08\x01\x12\x10" + bytes(64), {"kind": "Model", "format": "saved-model"}),
    }


def sets():
    """Shards of one model, their index, who signed them, and what lies beside weights."""
    def part(names):
        return safetensors({n: ("BF16", [16, 4], 16) for n in names})

    shards = {f"model-0000{i}-of-00003.safetensors": part([f"layer{i}.w", f"layer{i}.b"]) for i in (1, 2, 3)}
    index = json.dumps({"metadata": {"total_size": 6 * 128}, "weight_map": {
        f"layer{i}.{x}": f"model-0000{i}-of-00003.safetensors" for i in (1, 2, 3) for x in "wb"}}).encode()
    total = {"format": "safetensors", "files": "3 of 3", "parameters": 6 * 64, "tensors": 6, "types": "BF16 384",
             "index_bytes": 768, "bytes": sum(len(b) for b in shards.values()), "signature": "none found"}
    rest = {k: None for k in shards} | {"model.safetensors.index.json": None}
    out = {}

    def lay(folder, files, want):
        for name, body in files.items():
            out[f"{folder}/{name}"] = (body, want.get(name))

    lay("llm", {**shards, "model.safetensors.index.json": index}, rest | {"model-00001-of-00003.safetensors": total})
    # The same tensor in two shards: the index has it once, so the sum is no number of parameters.
    tied = dict(shards) | {"model-00003-of-00003.safetensors": part(["layer3.w", "layer3.b", "layer1.w"])}
    lay("tied", {**tied, "model.safetensors.index.json": index}, rest | {"model-00001-of-00003.safetensors": {
        "files": "3 of 3", "parameters_max": 7 * 64, "tensors": 7}})
    named = json.dumps({"metadata": {"total_size": 768, "total_parameters": 384}, "weight_map": json.loads(index)["weight_map"]}).encode()
    lay("told", {**tied, "model.safetensors.index.json": named}, rest | {"model-00001-of-00003.safetensors": {"parameters": 384}})
    missing = {k: v for k, v in shards.items() if "00001" not in k}
    lay("missing", missing, {k: None for k in missing} | {"model-00002-of-00003.safetensors": {
        "files": "2 of 3", "parameters_min": 4 * 64}})
    lay("index-only", {"model.safetensors.index.json": index}, {"model.safetensors.index.json": {
        "format": "index of shards", "tensor_bytes": 768, "tensors": 6}})
    split = {"m-00001-of-00002.gguf": gguf(3, {"general.architecture": (8, "llama")}, {}),
             "m-00002-of-00002.gguf": gguf(3, {}, {"a": (2, [64, 3])})}
    lay("split", split, {"m-00002-of-00002.gguf": None, "m-00001-of-00002.gguf": {
        "format": "gguf", "architecture": "llama", "files": "2 of 2", "parameters": 192, "types": "Q4_0 192"}})
    torch = {f"pytorch_model-0000{i}-of-00002.bin": zipped({"archive/data.pkl": torch_pickle({"w": ("HalfStorage", 0, 10 * i)})})
             for i in (1, 2)}
    lay("torch-set", torch, {k: None for k in torch} | {"pytorch_model-00001-of-00002.bin": {
        "format": "pytorch", "files": "2 of 2", "parameters": 30}})
    for folder, sig, algorithm in (("signed", ecdsa(32), "P-256"), ("signed-384", ecdsa(48), "P-384"), ("signed-521", ecdsa(65), "P-521"),
                                   ("signed-ed", b"\x5a" * 64, "Ed25519"), ("signed-rsa", b"\x5a" * 384, "RSA-3072"),
                                   ("signed-pq", b"\x5a" * 3309, "ML-DSA-65")):
        material = {"publicKey": {"hint": "a"}}
        lay(folder, {**shards, "model.sig": model_signature(shards, lambda _, sig=sig: sig, material)}, {k: None for k in shards} | {
            "model.sig": {"kind": "Signature", "format": "sigstore", "version": "0.3", "algorithm": algorithm, "key": "public key",
                          "signed_files": 3, "covers": "folder", "predicate": "https://model_signing/signature/v1.0"},
            "model-00001-of-00003.safetensors": {"signature_algorithm": algorithm, "files": "3 of 3"}})
    llama = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16", "hidden_size": 64,
             "quantization_config": {"quant_method": "awq"}}
    adapter = {"peft_type": "LORA", "base_model_name_or_path": "clinic/base", "r": 8}
    lay("parts", {"config.json": json.dumps(llama).encode(), "adapter_config.json": json.dumps(adapter).encode()}, {
        "config.json": {"kind": "ModelConfig", "format": "transformers", "architecture": "LlamaForCausalLM", "family": "llama",
                        "dtype": "bfloat16", "quantisation": "awq"},
        "adapter_config.json": {"format": "adapter", "architecture": "LORA", "base": "clinic/base"}})
    return out


def look_alikes():
    return {
        "list.pickle": pickle.dumps([1, 2, "three", {"os": "name"}], 4),
        "old.pickle": pickle.dumps({"os": "name"}, 0),
        "calls.dat": pickle.dumps(Act(__import__("os").getcwd), 4),
        "text.bin": b"(c) 2026 the clinic\nmany lines of text\n",
        "date.pickle": pickle.dumps(__import__("datetime").date(2026, 1, 1), 2),
        "noise.bin": b"\x80\x04" + bytes(range(256)) * 4,
        "book.xlsx": zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}, zipfile.ZIP_DEFLATED),
        "tool.whl": zipped({"tool/__init__.py": b"x = 1\n", "tool-1.dist-info/METADATA": b"Name: tool\n"}),
        "image.sigstore.json": json.dumps({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "messageSignature": {"signature": base64.b64encode(ecdsa(32)).decode()}}).encode(),
        "config.json": b'{"name": "app", "port": 80}',
        "x.index.json": b'{"weight_map": {"a": "b"}}',
        "dsse.json": b'{"mediaType": "application/json", "payload": "x"}',
        "config.zip": zipped({"config.json": b"{}", "readme.txt": b"x"}),
        "proto.pb": field(1, 8) + field(2, b"not a model at all") + field(3, b"x" * 40),
        "gguf.txt": b"GGUF is a file format of models, version 3, as the manual says in its first line.\n",
        "json.bin": struct.pack("<Q", 40) + b'{"this": "is JSON behind eight bytes", "n": 1}' + bytes(64),
        "orc.txt": b"ORC is a columnar format.\n" * 4,
        "paris.txt": b"PAR1S is not Parquet, whatever it begins with.\n" * 4,
        "tree.txt": b"tree\n`-- branch\n",
        "crc.tfrecord": struct.pack("<Q", 9) + bytes(40),
    }


def hostile():
    st = safetensors({"w": ("F32", [4, 4], 32)})
    pq = parquet([b"a"], 1)
    return {
        "cut.safetensors": (st[:-20], "cut off"),
        "cut-head.safetensors": (st[:30], "cut off"),
        "huge.safetensors": (struct.pack("<Q", 1 << 63) + b'{"a":' + bytes(64), None),
        "overflow.safetensors": (safetensors({"w": ("F32", [1], 32)}).replace(b"[1]", b"[4294967296,4294967296,4]"), "fit"),
        "liar.safetensors": (safetensors({"w": ("F32", [8], 32), "v": ("F32", [8], 32)}).replace(b"[8]", b"[9]", 1), "fit"),
        "cut.gguf": (gguf(3, {"general.architecture": (8, "llama")}, {"t": (0, [4])})[:60], "cut off"),
        "cut-data.gguf": (gguf(3, {}, {"t": (0, [400])})[:-100], "100 bytes of tensors are not there"),
        "row.gguf": (gguf(3, {}, {"t": (2, [64])}).replace(struct.pack("<IQ", 1, 64), struct.pack("<IQ", 1, 65)), "malformed"),
        "counts.gguf": (b"GGUF" + struct.pack("<IQQ", 3, 1 << 63, 1 << 63) + bytes(64), "over"),
        "string.gguf": (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", (1 << 64) - 1) + bytes(64), "cut off"),
        "deep.gguf": (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"k" + struct.pack("<I", 9) +
                      struct.pack("<IQ", 9, 1) * 60, "malformed"),
        "cut.safetensors.index.json": (b'{"weight_map": {"a": "b", ', "no weight_map"),
        "no.safetensors.index.json": (b'{"metadata": {}}', "no weight_map"),
        "model.sig": (b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsse', "no JSON"),
        "cut.parquet": (pq[:-10], "cut off"),
        "footer.parquet": (pq[:-8] + struct.pack("<I", 0x7fffffff) + b"PAR1", "footer"),
        "nest.parquet": (b"PAR1" + b"\x1c" * 4000 + struct.pack("<I", 4000) + b"PAR1", "malformed"),
        "packed.pt": (zipped({"archive/data.pkl": torch_pickle({"w": ("FloatStorage", 0, 4)})}, zipfile.ZIP_DEFLATED), "compressed"),
        "cut.pt": (zipped({"archive/data.pkl": torch_pickle({"w": ("FloatStorage", 0, 4)})[:60]}), "cut off"),
    }


def make(folder):
    want = {}
    files = good()
    files.update(sets())
    files.update({f"look-alikes/{k}": (v, None) for k, v in look_alikes().items()})
    files.update({f"hostile/{k}": v for k, v in hostile().items()})
    for name, (body, facts) in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        want[name] = facts
    return want


if __name__ == "__main__":
    import pathlib
    print(len(make(pathlib.Path(sys.argv[1]))), "files")
