# %% [markdown]
# # From training to evaluation
#
# A model is trained on history, pushed to a running Hindcast, asked about customers, told weeks later what came true, and judged by it.
# Each cell asserts what it shows, so that the whole file is also a test:
#
#     npm start                                                    # in another terminal
#     pip install "./clients/python[sklearn]"
#     python samples/notebook/churn_walkthrough.py
#
# Editors that know `# %%` (VS Code, PyCharm, Spyder, Jupytext) show it as a notebook. The customers are synthetic, with a known probability
# of leaving: see `samples/churn`.

# %%
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

import hindcast

sys.path.append(str(Path(__file__).resolve().parents[1] / "churn"))
from generate import FEATURES, NUMERIC, STRING, Options, generate  # noqa: E402

client = hindcast.Client()
MODEL = "walkthrough-churn"

# %% [markdown]
# ## History
#
# 8,000 customers of whom we know what became of them. Another system scored them then, badly: a rule of thumb on support calls. Its
# predictions come along as they were, so that the log begins before Hindcast did. They are marked, and nobody runs them again.


# %%
def frame_of(rows) -> pd.DataFrame:
    """Features, and what is known about each row, as columns."""
    known = {"entity": rows.entity, "event_time": rows.event_time, "label_time": rows.label_time, "churned": np.where(rows.churned, "yes", "no")}
    return pd.DataFrame({**{name: rows.features[name] for name in FEATURES}, **known})


features = list(FEATURES)
history = frame_of(generate(Options(rows=8_000, seed=11, entities=2_000)))
rule = (history["support_calls"] / 5).clip(0, 1)

before = [
    {
        "input": row,
        "output": {"label": "yes" if score >= 0.5 else "no", "probabilities": {"no": 1 - score, "yes": score}},
        "event_time": when,
        "reference_id": f"history-{at}",
        "label": {"value": came_true, "occurred_at": known_at, "source": "crm"},
    }
    for at, (row, score, when, came_true, known_at) in enumerate(
        zip(history[features].to_dict("records"), rule, history["event_time"], history["churned"], history["label_time"])
    )
][:1_000]
imported = client.import_many(before, source="rule-of-thumb", model=f"{MODEL}-legacy", model_version=1).raise_for_refused()
print(imported)
assert imported.imported + imported.repeated == 1_000

# %% [markdown]
# ## Train
#
# An ordinary pipeline on a frame with names. What happens in it becomes part of the served model; what happens before it does not.

# %%
columns = ColumnTransformer(
    [
        ("numbers", SimpleImputer(strategy="median"), list(NUMERIC)),
        ("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), list(STRING)),
    ]
)
trees = GradientBoostingClassifier(n_estimators=60, max_depth=3, learning_rate=0.15, random_state=0)
pipeline = Pipeline([("columns", columns), ("trees", trees)]).fit(history[features], history["churned"])

# %% [markdown]
# ## Push
#
# Converted, registered, and compared with the pipeline on a hundred rows. Had they differed, this would have named the rows and left the
# traffic where it was.

# %%
pushed = hindcast.push(
    pipeline,
    history[features],
    MODEL,
    client=client,
    threshold=0.4,
    defaults={"support_calls": 0, "late_payments": 0},
    description="Will this customer leave? Trained in samples/notebook.",
    promote=True,
)
print(pushed.reference, pushed.largest_difference)
assert client.models.get(MODEL).champion == pushed.version.version
assert pushed.largest_difference <= 1e-5

# %% [markdown]
# ## Predict
#
# 1,500 other customers, two months later. One call sends them in durable appends; each has an id at once, and its answer a little later.

# %%
today = frame_of(generate(Options(rows=1_500, seed=12, entities=1_000, start=history["event_time"].max() + timedelta(days=60))))
asked = today[[*features, "entity", "event_time"]]
submitted = client.submit_many(MODEL, asked, entity="entity", event_time="event_time").raise_for_refused()
answers = pd.DataFrame(hindcast.flat_rows(client.wait_many(submitted.ids)))
print(answers.head(3).T)
assert (answers["status"] == "succeeded").all()
assert np.allclose(answers["output.probabilities.yes"], pipeline.predict_proba(today[features])[:, 1], atol=1e-4)
assert (answers["output.decision"] == (answers["output.probabilities.yes"] >= 0.4)).all()

# %% [markdown]
# ## Say what came true, late
#
# Four weeks on, four of five customers have decided. Labels name the prediction; they could as well name the customer, or an id of our own. Some
# were entered wrongly, and are corrected: the last one counts, and the log keeps both.

# %%
labels = pd.DataFrame({"id": submitted.ids, "value": today["churned"], "occurred_at": today["label_time"], "source": "crm"})
decided = labels.sample(frac=0.8, random_state=0)
wrong = decided.head(20).assign(value=lambda frame: frame["value"].map({"yes": "no", "no": "yes"}))

first = client.label_many(pd.concat([wrong, decided.iloc[20:]])).raise_for_refused()
corrected = client.label_many(decided.head(20)).raise_for_refused()
print(first, corrected)
assert (first.applied, corrected.applied) == (1_200, 20)

# %% [markdown]
# ## Everything again, from the log
#
# Requests, answers and labels are in one log, in order. A frame of them is what the next model is trained on.

# %%
ours = set(submitted.ids)
rows = {}
for line in client.replay(types=["PredictionRequested", "PredictionSucceeded", "PredictionLabeled"]):
    if line.id not in ours:
        continue
    row = rows.setdefault(line.id, {})
    if line.type == "PredictionRequested":
        row.update({**line.data["input"], "version": line.data["version"], "event_time": line.data["eventTime"]})
    elif line.type == "PredictionSucceeded":
        row["score"] = line.data["output"]["probabilities"]["yes"]
    else:
        row["label"] = line.data["value"]  # The last one counts.

log = pd.DataFrame.from_dict(rows, orient="index").reindex(submitted.ids)
print(log.head(3).T)
assert len(log) == 1_500 and log["label"].notna().sum() == 1_200
assert (log["label"].dropna() == decided.set_index("id")["value"].reindex(log["label"].dropna().index)).all()
assert (log["plan"].to_numpy() == today["plan"].to_numpy()).all()

# %% [markdown]
# ## The same as a data set
#
# One cut of the log, in Parquet, with a row for each prediction whose label is known by now. It never changes: a label that comes after it is in
# the next one.

# %%
dataset = client.datasets.create(MODEL, versions=[pushed.version.version], split={"train": 0.8, "test": 0.2})
cut = client.datasets.to_pandas(dataset).set_index("predictionId").loc[log.index[log["label"].notna()]]
undecided = next(id for id in submitted.ids if id not in set(decided["id"]))
client.label(undecided, "yes", source="crm")
print(client.datasets.manifest(dataset)["accountedFor"])
assert (cut["label"] == log["label"].dropna()).all() and (cut["output.probabilities.yes"] == log["score"][cut.index]).all()
assert undecided not in client.datasets.to_pandas(dataset)["predictionId"].to_numpy()
assert not set(client.datasets.to_pandas(dataset, "train")["entity"]) & set(client.datasets.to_pandas(dataset, "test")["entity"])

# %% [markdown]
# ## Evaluate
#
# What was predicted then against what came true since. The rule of thumb, on the same customers, is the bar to pass.

# %%
judged = log.dropna(subset=["label"])
came_true = judged["label"] == "yes"
auc = roc_auc_score(came_true, judged["score"])
auc_of_rule = roc_auc_score(came_true, judged["support_calls"])
print(f"AUC {auc:.3f}, the rule of thumb {auc_of_rule:.3f}")
assert auc > 0.78 and auc > auc_of_rule + 0.05

# %% [markdown]
# Hindcast keeps the same count itself, a moment behind the labels as they come.

# %%
for _ in range(100):
    (quality,) = client.models.quality(MODEL, version=pushed.version.version)
    if quality["labeled"] >= 1_200 and abs(quality["classes"]["auc"] - auc) <= quality["classes"]["aucError"]:
        break
    time.sleep(0.1)
else:
    raise AssertionError(f"Hindcast counts otherwise: {quality}")
print(quality)
client.close()
