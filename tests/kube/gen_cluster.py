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

    def peer(self, ns, i):
        """The host of a Service of the namespace, short or in full."""
        first = i - i % self.per_ns
        return f"svc-app-{first + i * 7 % self.per_ns}" + (f".{ns}.svc.cluster.local" if i % 3 == 0 else "")

    def template(self, ns, kind, name, i, claim, with_edges=True):
        """The pod spec of workload i, and what it refers to."""
        image = f"registry.example/team-{i % 40}/{['api', 'worker', 'web', 'batch'][i % 4]}:1.{i % 30}"
        env = [{"name": "LOG_LEVEL", "value": "info"}, {"name": "PORT", "value": str(8000 + i % 10)},
               {"name": "PEER", "value": f"http://{self.peer(ns, i)}:80"}]
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
        if with_edges:  # some of the peers have no Service: the reference leads to nothing that was read
            self.edge(ns, kind, name, "talks-to", "Service", self.peer(ns, i).split(".")[0])
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
        self.edges.add((f"asset/{ns}/{name}/training-data", "carried-by", f"{ns}/PyTorchJob/{name}"))
        yield from self.pods(ns, ("kubeflow.org/v1", "PyTorchJob", name), f"{name}-master", {"training.kubeflow.org/job-name": name}, spec, 1)

    def raycluster(self, ns, name, i):
        spec = self.template(ns, "RayCluster", name, i, False)
        yield self.obj("ray.io/v1", "RayCluster", ns, name, {"spec": {"rayVersion": "2.9.0", "headGroupSpec": {
            "rayStartParams": {"dashboard-host": "0.0.0.0"}, "template": {"spec": spec}}}}, status={"state": "ready"})
        self.edge(ns, "Service", f"{name}-head-svc", "serves", "RayCluster", name)
        self.edges.add((f"asset/{ns}/{name}/training-data", "carried-by", f"{ns}/RayCluster/{name}"))

    def inferenceservice(self, ns, name, i):
        yield self.obj("serving.kserve.io/v1beta1", "InferenceService", ns, name, {"spec": {"predictor": {"model": {
            "modelFormat": {"name": "sklearn"}, "resources": {"limits": {"nvidia.com/gpu": "1"}},
            "storageUri": f"s3://models-{i % 5}/{name}"}}}}, status={"url": f"http://{name}.{ns}.example"})
        for made in (name, f"{name}-predictor", f"{name}-transformer"):
            self.edge(ns, "Service", made, "serves", "InferenceService", name)
        self.model(ns, name, f"models-{i % 5}", name)

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

    def each(self):
        """As many of every further kind of reference as asked for, all of them in namespaces of their own."""
        made = [self.each_secret, self.each_gateway, self.each_proxy, self.each_mesh, self.each_asset]
        for ns in sorted({f.__name__.replace("_", "-") for f in made}):
            yield self.obj("v1", "Namespace", None, ns, {"spec": {"finalizers": ["kubernetes"]}})
        yield self.obj("v1", "ConfigMap", "ingress-nginx", "controller", {"data": {"ssl-ecdh-curve": "X25519:P-256"}})
        for f in made:
            for i in range(self.a.each):
                yield from f(f.__name__.replace("_", "-"), i)

    def each_secret(self, ns, i):
        """What fills, makes and signs Secrets, and who mounts them."""
        yield self.obj("external-secrets.io/v1", "SecretStore", ns, f"store-{i}", {"spec": {"provider": {"vault": {
            "server": "https://vault.example:8200", "path": "secret"}}}})
        yield self.obj("external-secrets.io/v1", "ExternalSecret", ns, f"ext-{i}", {"spec": {
            "secretStoreRef": {"kind": "SecretStore", "name": f"store-{i}"}, "target": {"name": f"filled-{i}"}}})
        self.edge(ns, "ExternalSecret", f"ext-{i}", "filled-from", "SecretStore", f"store-{i}")
        self.edge(ns, "ExternalSecret", f"ext-{i}", "makes", "Secret", f"filled-{i}")
        yield self.obj("external-secrets.io/v1alpha1", "PushSecret", ns, f"push-{i}", {"spec": {
            "secretStoreRefs": [{"name": f"store-{i}"}], "selector": {"secret": {"name": f"filled-{i}"}}}})
        self.edge(ns, "PushSecret", f"push-{i}", "sends", "Secret", f"filled-{i}")
        yield self.obj("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", ns, f"csi-{i}", {"spec": {
            "provider": "vault", "secretObjects": [{"secretName": f"synced-{i}", "type": "Opaque", "data": []}]}})
        self.edge(ns, "SecretProviderClass", f"csi-{i}", "makes", "Secret", f"synced-{i}")
        yield self.obj("cert-manager.io/v1", "Issuer", ns, f"ca-{i}", {"spec": {"ca": {"secretName": f"synced-{i}"}}})
        self.edge(ns, "Issuer", f"ca-{i}", "signs-with", "Secret", f"synced-{i}")
        image = f"registry.example/each/app:{i % 9}"
        yield self.obj("apps/v1", "Deployment", ns, f"app-{i}", {"spec": {"template": {"spec": {
            "containers": [{"name": "c", "image": image, "args": [f"--peer=https://far-{i}.each-gateway.svc:8443/x"]}],
            "imagePullSecrets": [{"name": f"filled-{i}"}], "serviceAccountName": f"sa-{i}", "volumes": [
                {"name": "a", "csi": {"driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"secretProviderClass": f"csi-{i}"}}},
                {"name": "b", "persistentVolumeClaim": {"claimName": f"claim-{i}"}},
                {"name": "d", "projected": {"sources": [{"clusterTrustBundle": {"name": f"bundle-{i}", "path": "ca.pem"}}]}}]}}}})
        for rel, kind, name, where in (("mounts", "SecretProviderClass", f"csi-{i}", None), ("stores", "PersistentVolumeClaim", f"claim-{i}", None),
                                       ("trusts", "ClusterTrustBundle", f"bundle-{i}", "-"), ("pulls-with", "Secret", f"filled-{i}", None),
                                       ("runs-as", "ServiceAccount", f"sa-{i}", None), ("talks-to", "Service", f"far-{i}", "each-gateway")):
            self.edge(ns, "Deployment", f"app-{i}", rel, kind, name, where)
        self.runs(ns, "Deployment", f"app-{i}", image)

    def each_gateway(self, ns, i):
        """A gateway with its policies, a route and the policy of a backend."""
        yield self.obj("v1", "Service", ns, f"far-{i}", {"spec": {"ports": [{"port": 8443}]}})
        yield self.obj("gateway.networking.k8s.io/v1", "Gateway", ns, f"gw-{i}", {"spec": {"gatewayClassName": "eg", "listeners": [
            {"name": "https", "port": 443, "protocol": "HTTPS", "hostname": f"g{i}.example", "tls": {"certificateRefs": [{"name": f"edge-{i}"}]}}]}})
        self.edge(ns, "Gateway", f"gw-{i}", "presents", "Secret", f"edge-{i}")
        yield self.obj("gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy", ns, f"ctp-{i}", {"spec": {
            "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": f"gw-{i}"}], "tls": {"ecdhCurves": ["P-256"]}}})
        self.edge(ns, "ClientTrafficPolicy", f"ctp-{i}", "configures", "Gateway", f"gw-{i}")
        yield self.obj("gateway.networking.k8s.io/v1", "HTTPRoute", ns, f"rt-{i}", {"spec": {
            "parentRefs": [{"name": f"gw-{i}"}], "rules": [{"backendRefs": [{"name": f"far-{i}", "port": 8443}]}]}})
        self.edge(ns, "HTTPRoute", f"rt-{i}", "joins", "Gateway", f"gw-{i}")
        for kind, name in (("HTTPRoute", f"rt-{i}"), ("Gateway", f"gw-{i}")):
            self.edge(ns, kind, name, "routes", "Service", f"far-{i}")
        yield self.obj("gateway.networking.k8s.io/v1", "BackendTLSPolicy", ns, f"btp-{i}", {"spec": {
            "targetRefs": [{"group": "", "kind": "Service", "name": f"far-{i}"}],
            "validation": {"hostname": "far.example", "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": f"ca-{i}"}]}}})
        self.edge(ns, "BackendTLSPolicy", f"btp-{i}", "protects", "Service", f"far-{i}")
        self.edge(ns, "BackendTLSPolicy", f"btp-{i}", "trusts", "ConfigMap", f"ca-{i}")

    def each_proxy(self, ns, i):
        """Edges of controllers: Traefik with its options, ingress-nginx with its ConfigMap and client CAs."""
        yield self.obj("v1", "Service", ns, f"svc-{i}", {"spec": {"ports": [{"port": 80}]}})
        yield self.obj("traefik.io/v1alpha1", "TLSOption", ns, f"opt-{i}", {"spec": {"minVersion": "VersionTLS13"}})
        yield self.obj("traefik.io/v1alpha1", "IngressRoute", ns, f"ir-{i}", {"spec": {
            "routes": [{"match": f"Host(`t{i}.example`)", "kind": "Rule", "services": [{"name": f"svc-{i}", "port": 80}]}],
            "tls": {"secretName": f"edge-{i}", "options": {"name": f"opt-{i}"}}}})
        self.edge(ns, "IngressRoute", f"ir-{i}", "routes", "Service", f"svc-{i}")
        self.edge(ns, "IngressRoute", f"ir-{i}", "presents", "Secret", f"edge-{i}")
        self.edge(ns, "IngressRoute", f"ir-{i}", "configured-by", "TLSOption", f"opt-{i}")
        yield self.obj("networking.k8s.io/v1", "Ingress", ns, f"in-{i}", {"spec": {"ingressClassName": "nginx", "rules": [
            {"host": f"n{i}.example", "http": {"paths": [{"backend": {"service": {"name": f"svc-{i}", "port": {"number": 80}}}, "path": "/", "pathType": "Prefix"}]}}]}},
            annotations={"nginx.ingress.kubernetes.io/auth-tls-secret": f"{ns}/clients-{i}"})
        self.edge(ns, "Ingress", f"in-{i}", "routes", "Service", f"svc-{i}")
        self.edge(ns, "Ingress", f"in-{i}", "of-class", "IngressClass", "nginx", "-")
        self.edge(ns, "Ingress", f"in-{i}", "trusts", "Secret", f"clients-{i}")
        self.edge("ingress-nginx", "ConfigMap", "controller", "configures", "Ingress", f"in-{i}", ns)

    def each_mesh(self, ns, i):
        """A host of the mesh: VirtualService below an Istio gateway, and what its callers start."""
        yield self.obj("networking.istio.io/v1", "Gateway", ns, f"igw-{i}", {"spec": {"servers": [
            {"port": {"number": 443, "protocol": "HTTPS", "name": "h"}, "hosts": [f"m{i}.example"], "tls": {"mode": "SIMPLE", "credentialName": f"edge-{i}"}}]}})
        self.edge(ns, "Gateway", f"igw-{i}", "presents", "Secret", f"edge-{i}")
        yield self.obj("networking.istio.io/v1", "VirtualService", ns, f"vs-{i}", {"spec": {"hosts": [f"m{i}.example"], "gateways": ["mesh", f"igw-{i}"],
            "http": [{"route": [{"destination": {"host": f"host-{i}.{ns}.svc.cluster.local"}}]}]}})
        self.edge(ns, "VirtualService", f"vs-{i}", "joins", "Gateway", f"igw-{i}")
        for kind, name in (("VirtualService", f"vs-{i}"), ("Gateway", f"igw-{i}")):
            self.edge(ns, kind, name, "routes", "Service", f"host-{i}")
        yield self.obj("networking.istio.io/v1", "DestinationRule", ns, f"dr-{i}", {"spec": {"host": f"host-{i}", "trafficPolicy": {
            "tls": {"mode": "MUTUAL", "credentialName": f"client-{i}"}}}})
        self.edge(ns, "DestinationRule", f"dr-{i}", "presents", "Secret", f"client-{i}")

    def model(self, ns, name, bucket, key):
        """What a served model makes: two assets, the bucket, and the way there, which nobody wrote down."""
        who = f"{ns}/InferenceService/{name}"
        self.edges |= {(f"asset/s3://{bucket}/{key}", "carried-by", who), (f"asset/{ns}/{name}/prompts", "carried-by", who),
                       (who, "loads", f"s3://{bucket}"), (who, "talks-to", "https://s3.amazonaws.com")}

    def each_asset(self, ns, i):
        """A model by its URI, what serves it, and the store it comes from."""
        yield self.obj("serving.kserve.io/v1beta1", "InferenceService", ns, f"isvc-{i}", {"spec": {"predictor": {"model": {
            "modelFormat": {"name": "sklearn"}, "storageUri": f"s3://each-{i}/model"}}}})
        for made in (f"isvc-{i}", f"isvc-{i}-predictor", f"isvc-{i}-transformer"):
            self.edge(ns, "Service", made, "serves", "InferenceService", f"isvc-{i}")
        self.model(ns, f"isvc-{i}", f"each-{i}", "model")

    def groups(self):
        """Lists of objects: the edge first, then a namespace each."""
        yield "edge", self.edge_objects()
        if self.a.each:
            yield "each", self.each()
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
    ap.add_argument("--each", type=int, default=0, help="of every further kind of reference")
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
