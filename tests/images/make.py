"""Images made by hand: what builders do not make, or would not."""
import gzip
import hashlib
import io
import json
import pathlib
import subprocess
import tarfile


def tar_of(entries):
    """entries: (name, content), (name, None) for a folder, or a TarInfo with its content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as t:
        for name, content in entries:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if content is None:
                if not isinstance(name, tarfile.TarInfo):
                    info.type = tarfile.DIRTYPE
                t.addfile(info)
            else:
                info.size = len(content)
                t.addfile(info, io.BytesIO(content))
    return out.getvalue()


def link(name, to, kind=tarfile.LNKTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info, None


def packed(data, how):
    if how == "gzip":
        return gzip.compress(data, 1, mtime=0)
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-1", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


class Layout:
    """An OCI image layout."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        (self.path / "blobs/sha256").mkdir(parents=True)
        (self.path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        self.manifests = []

    def blob(self, data):
        digest = hashlib.sha256(data).hexdigest()
        (self.path / "blobs/sha256" / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    def file(self, digest):
        return self.path / "blobs/sha256" / digest.split(":")[1]

    def image(self, tars, how="gzip", tag="v1", platform="linux/amd64", steps=None, index=None, run=None):
        """Adds an image; gives the descriptors of its layers. run: how it is started, as in its configuration."""
        os_, arch = platform.split("/")
        suffix = {"gzip": "+gzip", "zstd": "+zstd", "plain": ""}[how]
        layers = [dict(self.blob(packed(t, how)), mediaType=f"application/vnd.oci.image.layer.v1.tar{suffix}") for t in tars]
        steps = steps or [f"RUN step {i + 1}" for i in range(len(tars))]
        history = [{"created_by": s} for s in steps] + [{"created_by": "ENV X=1", "empty_layer": True}]
        config = {"os": os_, "architecture": arch, "history": history, "rootfs": {
            "type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(t).hexdigest() for t in tars]}}
        if run is not None:
            config["config"] = run
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": dict(self.blob(json.dumps(config).encode()),
                                   mediaType="application/vnd.oci.image.config.v1+json"), "layers": layers}
        desc = dict(self.blob(json.dumps(manifest).encode()), mediaType=manifest["mediaType"])
        if index is None:
            desc["annotations"] = {"org.opencontainers.image.ref.name": tag}
            self.manifests.append(desc)
            self.write()
        else:
            desc["platform"] = {"os": os_, "architecture": arch}
            index.append(desc)
        return layers

    def nested(self, entries, tag):
        text = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries})
        self.manifests.append(dict(self.blob(text.encode()), mediaType="application/vnd.oci.image.index.v1+json",
                                   annotations={"org.opencontainers.image.ref.name": tag}))
        self.write()

    def write(self):
        (self.path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": self.manifests}))


def old_save(path, tars, tag="old:1", with_manifest=True):
    """`docker save` as it was: a folder for each layer; and before Docker 1.10, without manifest.json."""
    ids = [hashlib.sha256(b"%d" % i + t).hexdigest() for i, t in enumerate(tars)]
    config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [
        "sha256:" + hashlib.sha256(t).hexdigest() for t in tars]}}).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    entries = []
    for i, (id_, t) in enumerate(zip(ids, tars)):
        own = {"id": id_, **({"parent": ids[i - 1]} if i else {})}
        entries += [(id_, None), (f"{id_}/VERSION", b"1.0"), (f"{id_}/json", json.dumps(own).encode())]
        first = next(k for k in range(i + 1) if tars[k] == t)
        entries.append(link(f"{id_}/layer.tar", f"../{ids[first]}/layer.tar", tarfile.SYMTYPE) if first < i
                       else (f"{id_}/layer.tar", t))
    repo, tag_ = tag.split(":")
    entries.append(("repositories", json.dumps({repo: {tag_: ids[-1]}}).encode()))
    if with_manifest:
        entries += [(name, config), ("manifest.json", json.dumps([{
            "Config": name, "RepoTags": [tag], "Layers": [f"{i}/layer.tar" for i in ids]}]).encode())]
    pathlib.Path(path).write_bytes(tar_of(entries))
