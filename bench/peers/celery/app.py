"""The front door: rows become tasks."""

from celery import group
from flask import Flask, abort, request

from tasks import app as celery
from tasks import predict, predict_many

WAIT_SECONDS_MAX = 30
# A result store of documents is asked again and again (the default is twice a second): this is as patient as it may be.
ASK_AGAIN_SECONDS = 0.02
NUMBERS = ("tenure_months", "monthly_charges", "support_calls", "late_payments", "usage_hours")
TEXTS = ("plan", "region")

app = Flask(__name__)


def checked(row):
    fine = isinstance(row, dict) and len(row) == len(NUMBERS) + len(TEXTS)
    fine = fine and all(row.get(name, "") is None or isinstance(row.get(name), (int, float)) for name in NUMBERS)
    if not (fine and all(isinstance(row.get(name), str) for name in TEXTS)):
        abort(422)
    return row


@app.post("/predict")
def one():
    return {"id": predict.delay(checked(request.get_json()["input"])).id}, 202


@app.post("/predict-many")
def many():
    """A task for each row, as "Canvas" sends many: each has an id, a result and an end of its own."""
    rows = [checked(row) for row in request.get_json()["inputs"]]
    return {"ids": [task.id for task in group(predict.s(row) for row in rows).apply_async()]}, 202


@app.post("/predict-chunk")
def chunk():
    """One task for all rows, as "Tasks" advises where they are short: one id, and one end for all of them."""
    return {"id": predict_many.delay([checked(row) for row in request.get_json()["inputs"]]).id}, 202


@app.post("/predict-and-wait")
def wait():
    return predict.delay(checked(request.get_json()["input"])).get(timeout=WAIT_SECONDS_MAX, interval=ASK_AGAIN_SECONDS)


@app.get("/getResults/<task>")
def result(task):
    found = celery.AsyncResult(task)
    return found.result if found.successful() else abort(404)


@app.get("/completed")
def completed():
    return str(celery.backend.collection.estimated_document_count())
