"""The worker. One task is one row; `predict_many` is the other choice, one task for many rows."""

import os

import numpy as np
import onnxruntime
from celery import Celery
from celery.signals import worker_process_init

app = Celery("predictions", broker=os.environ["BROKER_URL"], backend=os.environ["RESULT_URL"])
app.conf.update(
    worker_prefetch_multiplier=128,  # "Optimizing": large for many short tasks
    worker_disable_rate_limits=True,  # "Tasks": no rate limits are used
    result_expires=None,  # results stay, as they do in the systems beside
    broker_pool_limit=16,  # "Optimizing": as many as the door has threads
)

session = None


@worker_process_init.connect
def load(**_):
    """Each process of the pool loads the model once."""
    global session
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])


def column(name, kind, rows):
    values = [row[name] for row in rows]
    if kind == "tensor(string)":
        return np.array(values, dtype=object).reshape(-1, 1)
    return np.array([np.nan if value is None else value for value in values], dtype=np.float32).reshape(-1, 1)


def answers(rows):
    feeds = {each.name: column(each.name, each.type, rows) for each in session.get_inputs()}
    labels, probabilities = session.run(["label", "probabilities"], feeds)
    return [{"label": label, "probabilities": row} for label, row in zip(labels, probabilities.tolist())]


@app.task
def predict(row):
    return answers([row])[0]


@app.task
def predict_many(rows):
    return answers(rows)
