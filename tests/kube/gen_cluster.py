#!/usr/bin/env python3
"""A cluster of known topology, as `kubectl get -A -o json` or `-o yaml` prints it.

  gen_cluster.py --workloads 5000 --form json --out list.json --truth edges.tsv

Forms: json (indented as kubectl does), compact, yaml (one List), docs (a stream of YAML documents), tree
(a folder with a file a namespace). Pods and ReplicaSets name their controllers, every object carries what
an API server adds (uid, managedFields, status). --truth holds what refers to what: from, relation, to;
pods and ReplicaSets that a controller in the list made stand behind it and have no lines of their own.
Everything follows from --seed. Certificates parse, but their keys and signatures are random
bytes, and the bytes of tls.key are no key at all.
"""
import argparse
import base64
import json
import os
import random
import sys

TIME = "2026-03-01T08:00:00Z"
RELATIONS = ("serves", "routes", "presents", "joins", "mounts", "stores", "issues", "issued-by", "signs-with",
             "makes", "runs-as", "pulls-with", "runs", "of-class")


def field_tree(value):
    """managedFields of a value: every field once more, as f:name."""
    if isinstance(value, dict):
        return {f"f:{k}": field_tree(v) for k, v in value.items()} or {}
    if isinstance(value, list):
        return {(f'k:{{"name":"{v["name"]}"}}' if isinstance(v, dict) and "name" in v else f"k:{i}"):
                {".": {}, **field_tree(v)} for i, v in enumerate(value) if isinstance(v, dict)}
    return {}


def der(tag, body):
    n = len(body)
    size = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else bytes([0x82, n >> 8, n & 255])
    return bytes([tag]) + size + body


def oid(hexa):
    return der(0x06, bytes.fromhex(hexa))


def armour(label, body):
    text = base64.b64encode(body).decode()
    lines = "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n".encode()


class Cluster:
    def __init__(self, a):
        self.a, self.r = a, random.Random(a.seed)
        self.edges, self.per_ns, self.serial = set(), a.per_namespace, 0
        self.n_ns = max(1, (a.workloads + self.per_ns - 1) // self.per_ns)

    def uid(self):
        self.serial += 1
        return f"{self.r.getrandbits(32):08x}-0000-4000-8000-{self.serial:012x}"

    def obj(self, api, kind, ns, name, body, labels=None, owner=None, annotations=None, status=None):
        meta = {"annotations": annotations} if annotations else {}
        meta["creationTimestamp"] = TIME
        if labels:
            meta["labels"] = labels
        managed = [{"apiVersion": api, "fieldsType": "FieldsV1", "fieldsV1": field_tree(body),
                    "manager": "kubectl-client-side-apply", "operation": "Update", "time": TIME}]
        if status:
            managed.append({"apiVersion": api, "fieldsType": "FieldsV1", "subresource": "status",
                            "fieldsV1": field_tree({"status": status}), "manager": "kube-controller-manager",
                            "operation": "Update", "time": TIME})
        meta["managedFields"] = managed
        meta["name"] = name
        if ns:
            meta["namespace"] = ns
        if owner:
            meta["ownerReferences"] = [{"apiVersion": owner[0], "blockOwnerDeletion": True, "controller": True,
                                        "kind": owner[1], "name": owner[2], "uid": self.uid()}]
        meta["resourceVersion"] = str(self.r.randrange(10 ** 7, 10 ** 8))
        meta["uid"] = self.uid()
        out = {"apiVersion": api, "kind": kind, "metadata": meta, **body}
        if status:
            out["status"] = status
        return out

    def edge(self, ns, kind, name, rel, to_kind, to_name, to_ns=None):
        self.edges.add((f"{ns}/{kind}/{name}", rel, f"{to_ns or ns}/{to_kind}/{to_name}"))

    def runs(self, ns, kind, name, image):
        self.edges.add((f"{ns}/{kind}/{name}", "runs", image))

    def template(self, ns, kind, name, i, claim, with_edges=True):
        """The pod spec of workload i, and what it refers to."""
        image = f"registry.example/team-{i % 40}/{['api', 'worker', 'web', 'batch'][i % 4]}:1.{i % 30}"
        env = [{"name": "LOG_LEVEL", "value": "info"}, {"name": "PORT", "value": str(8000 + i % 10)},
               {"name": "PEER", "value": f"http://svc-{i % self.per_ns}:80"}]
        c = {"args": ["--listen=:8080", f"--shard={i % 7}", "--v=2"], "env": env, "image": image,
             "imagePullPolicy": "IfNotPresent", "name": "main",
             "livenessProbe": {"failureThreshold": 3, "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
                               "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1},
             "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
             "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
             "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
             "volumeMounts": [{"mountPath": "/etc/app", "name": "config"}]}
        volumes = [{"configMap": {"defaultMode": 420, "name": f"conf-{name}"}, "name": "config"}]
        refs = [("mounts", "ConfigMap", f"conf-{name}"), ("runs-as", "ServiceAccount", f"sa-{i % 9}")]
        if i % 2 == 0:
            env.append({"name": "DB_DSN", "valueFrom": {"secretKeyRef": {"key": "dsn", "name": f"db-{name}"}}})
            refs.append(("mounts", "Secret", f"db-{name}"))
        if i % 3 == 0:
            c["volumeMounts"].append({"mountPath": "/tls", "name": "tls", "readOnly": True})
            volumes.append({"name": "tls", "secret": {"defaultMode": 420, "secretName": f"tls-{name}"}})
            refs.append(("mounts", "Secret", f"tls-{name}"))
        if claim:
            c["volumeMounts"].append({"mountPath": "/data", "name": "data"})
            volumes.append({"name": "data", "persistentVolumeClaim": {"claimName": f"data-{name}"}})
            refs.append(("stores", "PersistentVolumeClaim", f"data-{name}"))
        spec = {"containers": [c], "dnsPolicy": "ClusterFirst", "restartPolicy": "Always",
                "schedulerName": "default-scheduler", "securityContext": {"runAsNonRoot": True},
                "serviceAccountName": f"sa-{i % 9}", "terminationGracePeriodSeconds": 30,
                "tolerations": [{"effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists",
                                 "tolerationSeconds": 300}], "volumes": volumes}
        if i % 5 == 0:
            spec["imagePullSecrets"] = [{"name": "registry-login"}]
            refs.append(("pulls-with", "Secret", "registry-login"))
        if with_edges:
            for rel, k, n in refs:
                self.edge(ns, kind, name, rel, k, n)
            self.runs(ns, kind, name, image)
        return spec

    def pods(self, ns, owner, stem, labels, spec, n):
        for k in range(n):
            on = dict(spec, nodeName=f"node-{k % 100}", enableServiceLinks=True)
            yield self.obj("v1", "Pod", ns, f"{stem}-{self.r.getrandbits(25):05x}{k}", {"spec": on}, labels, owner,
                           {"cni.projectcalico.org/podIP": f"10.{k % 250}.{self.serial % 250}.7/32"}, status={
                "conditions": [{"lastProbeTime": None, "lastTransitionTime": TIME, "status": "True", "type": t}
                               for t in ("Initialized", "Ready", "ContainersReady", "PodScheduled")],
                "containerStatuses": [{"image": spec["containers"][0]["image"], "imageID": f"registry.example/x@sha256:{self.r.getrandbits(256):064x}",
                                       "containerID": f"containerd://{self.r.getrandbits(256):064x}", "name": "main", "ready": True,
                                       "restartCount": 0, "started": True, "state": {"running": {"startedAt": TIME}}}],
                "hostIP": f"192.0.2.{k % 250}", "phase": "Running", "podIP": f"10.{k % 250}.{self.serial % 250}.7",
                "qosClass": "Burstable", "startTime": TIME})

    def certificate(self, name):
        """A certificate that parses; key and signature are random bytes."""
        def name_of(cn):
            return der(0x30, der(0x31, der(0x30, oid("550403") + der(0x0c, cn.encode()))))
        signed = der(0x30, oid("2b6570"))  # Ed25519
        spki = der(0x30, signed + der(0x03, b"\0" + self.r.randbytes(32)))
        when = der(0x30, der(0x17, b"260101000000Z") + der(0x17, b"270101000000Z"))
        body = der(0x30, der(0xa0, der(0x02, b"\2")) + der(0x02, b"\1" + self.r.randbytes(15)) + signed +
                   name_of("ca.example") + when + name_of(name[:60]) + spki)
        return der(0x30, body + signed + der(0x03, b"\0" + self.r.randbytes(64)))

    def tls_secret(self, ns, name):
        key = base64.b64encode(self.r.randbytes(138)).decode()  # opaque to whoever reads it: sealed elsewhere
        return self.obj("v1", "Secret", ns, name, {"data": {
            "tls.crt": base64.b64encode(armour("CERTIFICATE", self.certificate(name))).decode(), "tls.key": key},
            "type": "kubernetes.io/tls"}, annotations={"cert-manager.io/certificate-name": name})

    def around(self, ns, kind, name, i, api):
        """What every workload has: Service, ConfigMap, Secrets, claim, and what controllers add."""
        yield self.obj("v1", "ConfigMap", ns, f"conf-{name}", {"data": {
            "app.yaml": f"name: {name}\nlisten: 8080\nfeatures:\n  - a\n  - b\nretries: {i % 5}\n" * 4}})
        if i % 2 == 0:
            yield self.obj("v1", "Secret", ns, f"db-{name}", {"data": {
                "dsn": base64.b64encode(self.r.randbytes(60)).decode()}, "type": "Opaque"})
        if i % 3 == 0:
            yield self.tls_secret(ns, f"tls-{name}")
            issuer = ("ClusterIssuer", "ca", "-") if i % 6 == 0 else ("Issuer", "issuer", None)
            yield self.obj("cert-manager.io/v1", "Certificate", ns, f"cert-{name}", {"spec": {
                "dnsNames": [f"{name}.{ns}.svc"], "issuerRef": {"group": "cert-manager.io", "kind": issuer[0], "name": issuer[1]},
                **({"privateKey": {"algorithm": "ECDSA", "size": 256}} if i % 4 == 0 else {}), "secretName": f"tls-{name}"}},
                status={"conditions": [{"lastTransitionTime": TIME, "message": "Certificate is up to date", "reason": "Ready",
                                        "status": "True", "type": "Ready"}], "notAfter": "2026-12-01T00:00:00Z", "revision": 3})
            self.edge(ns, "Certificate", f"cert-{name}", "issues", "Secret", f"tls-{name}")
            self.edge(ns, "Certificate", f"cert-{name}", "issued-by", issuer[0], issuer[1], issuer[2])
        for k in range(self.a.events):
            yield self.obj(*(("events.k8s.io/v1", "Event", ns, f"{name}.{self.r.getrandbits(60):015x}", {
                "count": k, "firstTimestamp": TIME, "involvedObject": {"apiVersion": api, "kind": kind, "name": name, "namespace": ns},
                "message": f"Scaled up replica set {name} to {k}", "reason": "ScalingReplicaSet",
                "source": {"component": "deployment-controller"}, "type": "Normal"})))
        if i % 4 == 0:
            yield self.obj("coordination.k8s.io/v1", "Lease", ns, f"lease-{name}", {"spec": {
                "holderIdentity": name, "leaseDurationSeconds": 15, "renewTime": "2026-03-01T08:00:00.000000Z"}})

    def service(self, ns, kind, name, i, labels):
        selector = {"app": labels["app"], "tier": labels["tier"]}
        yield self.obj("v1", "Service", ns, f"svc-{name}", {"spec": {
            "clusterIP": f"10.96.{i // 250 % 250}.{i % 250}", "clusterIPs": [f"10.96.{i // 250 % 250}.{i % 250}"],
            "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}], "selector": selector,
            "sessionAffinity": "None", "type": "ClusterIP"}}, status={"loadBalancer": {}})
        self.edge(ns, "Service", f"svc-{name}", "serves", kind, name)
        yield self.obj("discovery.k8s.io/v1", "EndpointSlice", ns, f"svc-{name}-x{i}", {
            "addressType": "IPv4", "endpoints": [{"addresses": [f"10.1.{i % 250}.{k}"], "conditions": {"ready": True},
                                                  "nodeName": f"node-{k}"} for k in range(4)],
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]}, {"kubernetes.io/service-name": f"svc-{name}"},
            ("v1", "Service", f"svc-{name}"))
        if i % 4 == 1:
            yield self.obj("networking.k8s.io/v1", "Ingress", ns, f"in-{name}", {"spec": {
                "ingressClassName": "haproxy", "rules": [{"host": f"{name}.{ns}.example", "http": {"paths": [{
                    "backend": {"service": {"name": f"svc-{name}", "port": {"number": 80}}}, "path": "/", "pathType": "Prefix"}]}}],
                **({"tls": [{"hosts": [f"{name}.{ns}.example"], "secretName": f"edge-{name}"}]} if i % 8 == 1 else {})}},
                status={"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}})
            self.edge(ns, "Ingress", f"in-{name}", "routes", "Service", f"svc-{name}")
            self.edge(ns, "Ingress", f"in-{name}", "of-class", "IngressClass", "haproxy", "-")
            if i % 8 == 1:
                self.edge(ns, "Ingress", f"in-{name}", "presents", "Secret", f"edge-{name}")
                if i % 16 == 1:  # the others lead nowhere
                    yield self.tls_secret(ns, f"edge-{name}")
        if i % 4 == 3:
            yield self.obj("gateway.networking.k8s.io/v1", "HTTPRoute", ns, f"rt-{name}", {"spec": {
                "hostnames": [f"{name}.{ns}.example"], "parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "front", "namespace": "edge"}],
                "rules": [{"backendRefs": [{"kind": "Service", "name": f"svc-{name}", "port": 80}]}]}})
            self.edge(ns, "HTTPRoute", f"rt-{name}", "joins", "Gateway", "front", "edge")
            self.edge(ns, "HTTPRoute", f"rt-{name}", "routes", "Service", f"svc-{name}")
            self.edges.add(("edge/Gateway/front", "routes", f"{ns}/Service/svc-{name}"))

    def deployment(self, ns, name, i):
        labels = {"app": name, "tier": "back", "team": f"t{i % 40}"}
        spec = self.template(ns, "Deployment", name, i, False)
        n = self.a.pods
        yield self.obj("apps/v1", "Deployment", ns, name, {"spec": {
            "progressDeadlineSeconds": 600, "replicas": n, "revisionHistoryLimit": 10, "selector": {"matchLabels": {"app": name}},
            "strategy": {"type": "RollingUpdate"}, "template": {"metadata": {"creationTimestamp": None, "labels": labels}, "spec": spec}}},
            labels, annotations={"deployment.kubernetes.io/revision": "3"},
            status={"availableReplicas": n, "observedGeneration": 3, "readyReplicas": n, "replicas": n, "updatedReplicas": n})
        for k in range(self.a.replicasets):
            hash_ = f"{self.r.getrandbits(32):08x}"
            own = dict(labels, **{"pod-template-hash": hash_})
            live = n if k == 0 else 0
            yield self.obj("apps/v1", "ReplicaSet", ns, f"{name}-{hash_}", {"spec": {
                "replicas": live, "selector": {"matchLabels": own}, "template": {"metadata": {"labels": own}, "spec": spec}}},
                own, ("apps/v1", "Deployment", name), {"deployment.kubernetes.io/desired-replicas": str(n)},
                {"observedGeneration": 1, "replicas": live})
            if live:
                yield from self.pods(ns, ("apps/v1", "ReplicaSet", f"{name}-{hash_}"), f"{name}-{hash_}", own, spec, n)
        yield from self.service(ns, "Deployment", name, i, labels)

    def statefulset(self, ns, name, i):
        labels = {"app": name, "tier": "data", "team": f"t{i % 40}"}
        spec = self.template(ns, "StatefulSet", name, i, True)
        yield self.obj("apps/v1", "StatefulSet", ns, name, {"spec": {
            "replicas": self.a.pods, "selector": {"matchLabels": {"app": name}}, "serviceName": f"svc-{name}",
            "template": {"metadata": {"labels": labels}, "spec": spec}}}, labels, status={"replicas": self.a.pods})
        yield from self.pods(ns, ("apps/v1", "StatefulSet", name), name, labels, spec, self.a.pods)
        yield self.obj("v1", "PersistentVolumeClaim", ns, f"data-{name}", {"spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Gi"}}, "storageClassName": "fast",
            "volumeName": f"pvc-{i}"}}, status={"phase": "Bound"})
        yield from self.service(ns, "StatefulSet", name, i, labels)

    def job(self, ns, name, i):
        spec = self.template(ns, "Job", name, i, True)
        yield self.obj("batch/v1", "Job", ns, name, {"spec": {"backoffLimit": 6, "completions": 1, "template": {
            "metadata": {"labels": {"job-name": name}}, "spec": spec}}}, {"job-name": name}, status={"succeeded": 1})
        yield from self.pods(ns, ("batch/v1", "Job", name), name, {"job-name": name}, spec, 1)
        # Its claim is not in the list: the reference leads to nothing that was read.

    def pytorchjob(self, ns, name, i):
        spec = self.template(ns, "PyTorchJob", name, i, False)
        yield self.obj("kubeflow.org/v1", "PyTorchJob", ns, name, {"spec": {"pytorchReplicaSpecs": {
            "Master": {"replicas": 1, "restartPolicy": "OnFailure", "template": {"spec": spec}}}}},
            status={"conditions": [{"status": "True", "type": "Running"}]})
        yield from self.pods(ns, ("kubeflow.org/v1", "PyTorchJob", name), f"{name}-master", {"training.kubeflow.org/job-name": name}, spec, 1)

    def raycluster(self, ns, name, i):
        spec = self.template(ns, "RayCluster", name, i, False)
        yield self.obj("ray.io/v1", "RayCluster", ns, name, {"spec": {"rayVersion": "2.9.0", "headGroupSpec": {
            "rayStartParams": {"dashboard-host": "0.0.0.0"}, "template": {"spec": spec}}}}, status={"state": "ready"})
        self.edge(ns, "Service", f"{name}-head-svc", "serves", "RayCluster", name)

    def inferenceservice(self, ns, name, i):
        yield self.obj("serving.kserve.io/v1beta1", "InferenceService", ns, name, {"spec": {"predictor": {"model": {
            "modelFormat": {"name": "sklearn"}, "resources": {"limits": {"nvidia.com/gpu": "1"}},
            "storageUri": f"s3://models-{i % 5}/{name}"}}}}, status={"url": f"http://{name}.{ns}.example"})
        for made in (name, f"{name}-predictor", f"{name}-transformer"):
            self.edge(ns, "Service", made, "serves", "InferenceService", name)

    def orphan(self, ns, name, i):
        """A bare pod, and one whose controller is not in the list: both stay."""
        spec = self.template(ns, "Pod", name, i, False)
        owner = ("apps.kruise.io/v1alpha1", "CloneSet", f"unseen-{i}") if i % 2 else None
        pod = next(self.pods(ns, owner, name, {"run": name}, spec, 1))
        pod["metadata"]["name"] = name
        yield pod

    def namespace(self, n):
        ns = f"team-{n}"
        yield self.obj("v1", "Namespace", None, ns, {"spec": {"finalizers": ["kubernetes"]}},
                       {"kubernetes.io/metadata.name": ns}, status={"phase": "Active"})
        yield self.obj("cert-manager.io/v1", "Issuer", ns, "issuer", {"spec": {"ca": {"secretName": "ca-pair"}}})
        self.edge(ns, "Issuer", "issuer", "signs-with", "Secret", "ca-pair")
        yield self.tls_secret(ns, "ca-pair")
        for k in range(9):
            yield self.obj("v1", "ServiceAccount", ns, f"sa-{k}", {"secrets": [{"name": f"sa-{k}-token"}]})
            self.edge(ns, "ServiceAccount", f"sa-{k}", "mounts", "Secret", f"sa-{k}-token")
        yield self.obj("v1", "Secret", ns, "registry-login", {"data": {".dockerconfigjson": base64.b64encode(b'{"auths":{}}').decode()},
                                                                "type": "kubernetes.io/dockerconfigjson"})
        make = [self.deployment] * 16 + [self.statefulset] * 2 + [self.job, self.orphan]
        special = [self.pytorchjob, self.raycluster, self.inferenceservice]
        kinds = {"deployment": "Deployment", "statefulset": "StatefulSet", "job": "Job", "orphan": "Pod", "pytorchjob": "PyTorchJob",
                 "raycluster": "RayCluster", "inferenceservice": "InferenceService"}
        for i in range(n * self.per_ns, min((n + 1) * self.per_ns, self.a.workloads)):
            f = special[i % 3] if i % 17 == 16 else make[i * 7 % 20]
            name = f"app-{i}"
            yield from f(ns, name, i)
            yield from self.around(ns, kinds[f.__name__], name, i, "v1")

    def edge_objects(self):
        yield self.obj("v1", "Namespace", None, "edge", {"spec": {"finalizers": ["kubernetes"]}})
        yield self.obj("networking.k8s.io/v1", "IngressClass", None, "haproxy", {"spec": {"controller": "haproxy.org/ingress-controller"}})
        yield self.obj("cert-manager.io/v1", "ClusterIssuer", None, "ca", {"spec": {"acme": {
            "privateKeySecretRef": {"name": "acme-account"}, "server": "https://acme.example/directory",
            "solvers": [{"http01": {"ingress": {"class": "haproxy"}}}]}}})
        self.edges.add(("-/ClusterIssuer/ca", "makes", "-/Secret/acme-account"))
        yield self.tls_secret("edge", "front-tls")
        yield self.obj("gateway.networking.k8s.io/v1", "Gateway", "edge", "front", {"spec": {
            "gatewayClassName": "any", "listeners": [{"hostname": "*.example", "name": "https", "port": 443, "protocol": "HTTPS",
                                                      "tls": {"certificateRefs": [{"kind": "Secret", "name": "front-tls"}], "mode": "Terminate"}}]}})
        self.edge("edge", "Gateway", "front", "presents", "Secret", "front-tls")

    def groups(self):
        """Lists of objects: the edge first, then a namespace each."""
        yield "edge", self.edge_objects()
        for n in range(self.n_ns):
            yield f"team-{n}", self.namespace(n)


def yaml_scalar(v):
    if v is None or v is True or v is False:
        return json.dumps(v)
    if isinstance(v, (int, float)):
        return str(v)
    plain = v and all(c.isalnum() or c in "-./_" for c in v) and not v[0] in "-." and not v[0].isdigit() and \
        v.lower() not in ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
    return v if plain else json.dumps(v)


def yaml_lines(v, pad, out):
    """Block style with sequences at the indent of their key, as kubectl prints it."""
    for k, x in v.items():
        key = yaml_scalar(k)
        if isinstance(x, dict) and x:
            out.append(f"{pad}{key}:")
            yaml_lines(x, pad + "  ", out)
        elif isinstance(x, list) and x:
            out.append(f"{pad}{key}:")
            for e in x:
                yaml_element(e, pad, out)
        elif isinstance(x, str) and "\n" in x and x.endswith("\n"):
            out.append(f"{pad}{key}: |")
            out.extend(f"{pad}  {line}" if line else "" for line in x[:-1].split("\n"))
        else:
            out.append(f"{pad}{key}: {json.dumps(x) if isinstance(x, (dict, list)) else yaml_scalar(x)}")


def yaml_element(e, pad, out):
    if isinstance(e, dict) and e:
        inner = []
        yaml_lines(e, pad + "  ", inner)
        out.append(f"{pad}- {inner[0].lstrip(' ')}")
        out.extend(inner[1:])
    else:
        out.append(f"{pad}- {yaml_scalar(e)}")


def write(c, a, out):
    n = 0
    pretty = a.form == "json"
    if a.form in ("json", "compact"):
        out.write('{\n    "apiVersion": "v1",\n    "items": [\n' if pretty else '{"apiVersion":"v1","items":[')
    elif a.form == "yaml":
        out.write("apiVersion: v1\nitems:\n")
    for name, objects in c.groups():
        if a.form == "tree":
            out = open(os.path.join(a.out, f"{name}.yaml"), "w")
        for o in objects:
            n += 1
            if a.form == "json":
                text = json.dumps(o, indent=4).replace("\n", "\n        ")
                out.write((",\n" if n > 1 else "") + "        " + text)
            elif a.form == "compact":
                out.write(("," if n > 1 else "") + json.dumps(o, separators=(",", ":")))
            else:
                lines = []
                if a.form == "yaml":
                    yaml_element(o, "", lines)
                else:
                    lines.append("---")
                    yaml_lines(o, "", lines)
                out.write("\n".join(lines) + "\n")
        if a.form == "tree":
            out.close()
    if a.form in ("json", "compact"):
        out.write('\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n' if pretty
                  else '],"kind":"List","metadata":{"resourceVersion":""}}\n')
    elif a.form == "yaml":
        out.write('kind: List\nmetadata:\n  resourceVersion: ""\n')
    return n


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--workloads", type=int, default=100)
    ap.add_argument("--per-namespace", type=int, default=50)
    ap.add_argument("--pods", type=int, default=6, help="of a Deployment or StatefulSet")
    ap.add_argument("--replicasets", type=int, default=2, help="of a Deployment; one has the pods")
    ap.add_argument("--events", type=int, default=5, help="of a workload")
    ap.add_argument("--form", choices=("json", "compact", "yaml", "docs", "tree"), default="json")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--out", default="-")
    ap.add_argument("--truth")
    a = ap.parse_args()
    c = Cluster(a)
    if a.form == "tree":
        os.makedirs(a.out, exist_ok=True)
    out = sys.stdout if a.out == "-" or a.form == "tree" else open(a.out, "w")
    n = write(c, a, out)
    if out is not sys.stdout and not out.closed:
        out.close()
    if a.truth:
        with open(a.truth, "w") as f:
            f.writelines("\t".join(e) + "\n" for e in sorted(c.edges))
    print(f"{n} objects, {len(c.edges)} edges", file=sys.stderr)


if __name__ == "__main__":
    main()
