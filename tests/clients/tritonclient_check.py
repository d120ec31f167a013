"""Speaks to a running Hindcast with Triton's own Python client, as it comes, and fails with the first thing that is wrong.

Usage: tritonclient_check.py <host:port> <folder of the samples>
"""

import json
import os
import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

TYPES = {"FP32": np.float32, "BYTES": np.object_}
checks = 0


def check(holds, what):
    global checks
    checks += 1
    if not holds:
        raise AssertionError(what)


def golden(samples, name):
    with open(os.path.join(samples, name, "golden.ndjson"), encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def churn_inputs(client, rows, binary):
    """One tensor for each feature, numbers and texts."""
    inputs = []
    for spec in client.get_model_metadata("churn")["inputs"]:
        values = [row["input"][spec["name"]] for row in rows]
        dtype = TYPES[spec["datatype"]]
        if dtype is np.float32:
            values = [np.nan if value is None else value for value in values]
        tensor = triton.InferInput(spec["name"], [len(rows), 1], spec["datatype"])
        tensor.set_data_from_numpy(np.array(values, dtype=dtype).reshape(-1, 1), binary_data=binary)
        inputs.append(tensor)
    return inputs


def matrix_input(rows, binary):
    """All features as the columns of one tensor."""
    values = np.array([list(row["input"].values()) for row in rows], dtype=np.float32)
    tensor = triton.InferInput("x", list(values.shape), "FP32")
    tensor.set_data_from_numpy(values, binary_data=binary)
    return [tensor]


def compare(result, rows, what):
    labels = result.as_numpy("label")
    probabilities = result.as_numpy("probabilities")
    expected = [row["output"]["label"] for row in rows]
    given = [label.decode() if isinstance(label, bytes) else label for label in labels.reshape(-1).tolist()]
    check(given == expected, f"{what}: labels {given[:3]}, expected {expected[:3]}")
    check(probabilities.dtype == np.float32, f"{what}: probabilities are {probabilities.dtype}")
    check(probabilities.shape == (len(rows), 2), f"{what}: probabilities have the shape {probabilities.shape}")
    wanted = np.array([row["output"]["probabilities"] for row in rows])
    check(np.allclose(probabilities, wanted, atol=1e-5), f"{what}: probabilities differ from onnxruntime's")


def refused(status, text, call):
    """Runs a call that must be refused with this status and a message that has this text."""
    try:
        call()
    except InferenceServerException as error:
        check(error.status() == str(status), f"status {error.status()} instead of {status}: {error}")
        check(text in error.message(), f"'{text}' is not in '{error.message()}'")
        return
    raise AssertionError(f"not refused: {text}")


def check_server(client):
    check(client.is_server_live(), "the server is not live")
    check(client.is_server_ready(), "the server is not ready")
    server = client.get_server_metadata()
    check(server["name"] == "hindcast", f"the server is named {server['name']}")
    check("binary_tensor_data" in server["extensions"], "the server does not name the binary extension")
    check(client.is_model_ready("churn") and client.is_model_ready("churn", "1"), "churn is not ready")
    check(not client.is_model_ready("nobody"), "a model that does not exist is ready")
    check(not client.is_model_ready("churn", "99"), "a version that does not exist is ready")
    metadata = client.get_model_metadata("churn", "1")
    check(metadata["versions"] == ["1"], f"versions {metadata['versions']}")
    check({one["datatype"] for one in metadata["inputs"]} == {"FP32", "BYTES"}, "churn takes numbers and texts")
    check(client.get_model_metadata("breast-cancer")["inputs"][0]["shape"] == [-1, 30], "breast-cancer takes a matrix")


def check_inference(client, samples):
    models = {"churn": churn_inputs, "breast-cancer": lambda _, rows, binary: matrix_input(rows, binary)}
    for name, inputs_of in models.items():
        rows = golden(samples, name)
        for count in (1, 2, len(rows)):
            some = rows[:count]
            for binary_in in (True, False):
                # JSON has no NaN, and the client does not write null.
                if not binary_in and any(value is None for row in some for value in row["input"].values()):
                    continue
                inputs = inputs_of(client, some, binary_in)
                for outputs in (
                    None,
                    [triton.InferRequestedOutput(one, binary_data=True) for one in ("label", "probabilities")],
                    [triton.InferRequestedOutput(one, binary_data=False) for one in ("label", "probabilities")],
                    [
                        triton.InferRequestedOutput("probabilities", binary_data=False),
                        triton.InferRequestedOutput("label"),
                    ],
                ):
                    what = f"{name}, {count} rows, binary {binary_in}, outputs {outputs and len(outputs)}"
                    result = client.infer(name, inputs, outputs=outputs, request_id=f"{name}-{count}")
                    compare(result, some, what)
                    response = result.get_response()
                    check(response["id"] == f"{name}-{count}", f"{what}: id {response['id']}")
                    check(response["model_name"] == name, f"{what}: model_name {response['model_name']}")
                    check(response["model_version"] == "1", f"{what}: model_version {response['model_version']}")
    rows = golden(samples, "breast-cancer")[:3]
    one = client.infer("breast-cancer", matrix_input(rows, True), model_version="1", timeout=20_000_000)
    compare(one, rows, "a version and a timeout")
    only = client.infer("breast-cancer", matrix_input(rows, True), outputs=[triton.InferRequestedOutput("label")])
    check(only.as_numpy("probabilities") is None, "an output that was not asked for came too")
    check(only.as_numpy("label").dtype == np.int64, "labels are no INT64")
    waiting = [client.async_infer("breast-cancer", matrix_input([row], True)) for row in rows * 5]
    for answer, row in zip(waiting, rows * 5):
        compare(answer.get_result(), [row], "at the same time")


def check_compression(client, samples):
    rows = golden(samples, "breast-cancer")[:3]
    for algorithm in ("gzip", "deflate"):
        for direction in ("request", "response"):
            options = {f"{direction}_compression_algorithm": algorithm}
            result = client.infer("breast-cancer", matrix_input(rows, True), **options)
            compare(result, rows, f"{direction} with {algorithm}")


def check_errors(client, samples):
    rows = golden(samples, "breast-cancer")[:2]
    fine = matrix_input(rows, True)
    refused(404, "unknown-model", lambda: client.infer("nobody", fine))
    refused(404, "unknown-model-version", lambda: client.infer("breast-cancer", fine, model_version="99"))
    refused(404, "unknown-model", lambda: client.get_model_metadata("nobody"))
    wrong_type = triton.InferInput("x", [1, 30], "FP64")
    wrong_type.set_data_from_numpy(np.zeros((1, 30)))
    refused(400, "expects FP32", lambda: client.infer("breast-cancer", [wrong_type]))
    narrow = triton.InferInput("x", [2, 29], "FP32")
    narrow.set_data_from_numpy(np.zeros((2, 29), dtype=np.float32))
    refused(400, "30 elements per row", lambda: client.infer("breast-cancer", [narrow]))
    stranger = triton.InferInput("y", [1, 30], "FP32")
    stranger.set_data_from_numpy(np.zeros((1, 30), dtype=np.float32))
    refused(400, "no input 'y'", lambda: client.infer("breast-cancer", [stranger]))
    outputs = [triton.InferRequestedOutput("scores")]
    refused(400, "no output 'scores'", lambda: client.infer("breast-cancer", fine, outputs=outputs))
    ranked = [triton.InferRequestedOutput("probabilities", class_count=2)]
    refused(400, "classification", lambda: client.infer("breast-cancer", fine, outputs=ranked))
    empty = triton.InferInput("x", [1, 30], "FP32")
    empty.set_data_from_numpy(np.full((1, 30), np.nan, dtype=np.float32))
    refused(400, "/rows/0/input/mean_radius", lambda: client.infer("breast-cancer", [empty]))
    short = triton.InferInput("tenure_months", [1, 1], "FP32")
    short.set_data_from_numpy(np.ones((1, 1), dtype=np.float32))
    refused(400, "is missing", lambda: client.infer("churn", [short]))


def main():
    url, samples = sys.argv[1:3]
    client = triton.InferenceServerClient(url=url, concurrency=4)
    try:
        check_server(client)
        check_inference(client, samples)
        check_compression(client, samples)
        check_errors(client, samples)
    finally:
        client.close()
    print(f"{checks} checks passed")


if __name__ == "__main__":
    main()
