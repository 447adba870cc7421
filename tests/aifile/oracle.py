#!/usr/bin/env python3
"""Files as NumPy, h5py and onnx themselves write them, and on standard output what they say of each, as JSON."""
import json
import pathlib
import sys

import h5py
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(sys.argv[1])
want = {}

for i, t in enumerate(("<f4", "<f8", "<f2", "<i8", "|u1", "|b1", "<c8", ">i4")):
    a = np.zeros((i + 1, 3, 2), t)
    np.save(folder / f"a{i}.npy", a)
    want[f"a{i}.npy"] = {"kind": "Array", "elements": a.size, "types": f"{t} {a.size}"}
np.save(folder / "scalar.npy", np.float32(3))
want["scalar.npy"] = {"elements": 1}
np.save(folder / "fortran.npy", np.asfortranarray(np.zeros((4, 5))))
want["fortran.npy"] = {"elements": 20}
np.savez(folder / "two.npz", a=np.zeros((3, 4), np.float32), b=np.zeros(7, np.int16))
want["two.npz"] = {"elements": 19}
np.savez_compressed(folder / "packed.npz", a=np.zeros((3, 4)), b=np.zeros(7))
want["packed.npz"] = {"elements": None, "format": "npz"}


def model(name, weights, external=False):
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [helper.make_tensor_value_info("x", 1, [1])],
                              [helper.make_tensor_value_info("y", 1, [1])], initializer=weights)
    m = helper.make_model(graph, producer_name="oracle")
    if external:
        onnx.save_model(m, str(folder / name), save_as_external_data=True, location=name + ".data", size_threshold=0)
    else:
        onnx.save(m, str(folder / name))
    want[name] = {"kind": "Model", "producer": "oracle", "tensors": len(weights), "version": m.ir_version,
                  "parameters": sum(int(np.prod(t.dims)) for t in m.graph.initializer)}


for i, t in enumerate((np.float32, np.float16, np.float64, np.int8, np.uint8, np.int64, np.bool_, np.uint16, np.complex64)):
    model(f"m{i}.onnx", [numpy_helper.from_array(np.zeros((i + 1, 4), t), "w"), numpy_helper.from_array(np.zeros(3, np.float32), "b")])
model("external.onnx", [numpy_helper.from_array(np.ones((100, 20), np.float32), "w")], external=True)
model("scalar.onnx", [numpy_helper.from_array(np.float32(1), "w")])
model("many.onnx", [numpy_helper.from_array(np.ones((3, i + 1), np.float32), f"w{i}") for i in range(200)])
model("bf16.onnx", [helper.make_tensor("w", TensorProto.BFLOAT16, [5, 5], np.zeros(25))])
model("list.onnx", [helper.make_tensor("w", TensorProto.INT32, [6], list(range(6)))])

for version in ("earliest", "latest"):
    with h5py.File(folder / f"keras-{version}.h5", "w", libver=version) as f:
        f.attrs["keras_version"] = "2.9.0"
        f.attrs["backend"] = "tensorflow"
        f.attrs["model_config"] = json.dumps({"class_name": "Sequential"})
        g = f.create_group("model_weights")
        g.attrs["layer_names"] = [b"dense"]
        g.create_dataset("dense/kernel:0", data=np.zeros((10, 20), np.float32))
    want[f"keras-{version}.h5"] = {"kind": "Model", "format": "hdf5"}
    with h5py.File(folder / f"weather-{version}.h5", "w", libver=version) as f:
        f.create_dataset("rain", data=np.zeros(50))
    want[f"weather-{version}.h5"] = {"kind": "Array", "format": "hdf5"}
print(json.dumps(want))
