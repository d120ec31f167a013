"""Synthetic customers who stay or leave, with a KNOWN probability of leaving.

Nothing here describes real people. Because `true_probability` is known, a test can compare a model with the truth and
can show that retraining recovers after a drift.

    python generate.py --rows 1000 --seed 7 > rows.ndjson
    python generate.py --rows 1000 --drift concept --drift-at 0.5 --tenants acme,globex --format csv --out rows.csv

One NDJSON line per row, oldest first:

    {"tenant"?, "entity", "eventTime", "input": {feature: value}, "label": "no" | "yes", "labelTime", "trueProbability"}

CSV has the same columns, with those of `input` in its place. The same arguments give the same bytes.
"""

import argparse
import csv
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64] | NDArray[np.str_]
Columns = dict[str, Column]

NUMERIC = ("tenure_months", "monthly_charges", "support_calls", "late_payments", "usage_hours")
STRING = ("plan", "region")
FEATURES = NUMERIC + STRING

PLANS = np.array(["basic", "plus", "pro"])
PLAN_PRICE = np.array([35.0, 60.0, 95.0])
PLAN_LOGIT = np.array([0.8, 0.0, -1.0])
REGIONS = np.array(["east", "north", "south", "west"])
REGION_LOGIT = np.array([0.0, -0.4, 0.5, 0.2])
PRICE_RISE = 20.0


@dataclass(frozen=True)
class Options:
    """What decides the rows. Rows from `drift_at` (a share of all rows) on come from the drifted world.

    `drift`: "data" raises every price; "concept" changes what makes customers leave; "both" does both.
    `missing`: share of rows whose `usage_hours` is unknown (null). The customer still used the product: the true
    probability is that of the hidden value.
    """

    rows: int = 1000
    seed: int = 1
    entities: int = 400
    tenants: tuple[str, ...] = ()
    start: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    interval_seconds: float = 60.0
    label_delay_hours: float = 72.0
    drift: str = "none"
    drift_at: float = 0.5
    missing: float = 0.02


@dataclass(frozen=True)
class Rows:
    """`n` rows in order of time; every array has shape [n]."""

    features: Columns
    entity: NDArray[np.str_]
    tenant: NDArray[np.str_] | None
    event_time: list[datetime]
    label_time: list[datetime]
    true_probability: NDArray[np.float64]
    churned: NDArray[np.bool_]


def true_probability(features: Columns, concept_drift: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Probability [n] that each customer leaves. `concept_drift` [n] says which rows obey the drifted world.

    In the first world new customers, support calls and late payments lead to leaving, and calls weigh more on the
    basic plan. In the drifted one (a rival appears) price decides, long-standing customers leave, and calls keep people.
    """
    plan = np.searchsorted(PLANS, features["plan"])
    region = np.searchsorted(REGIONS, features["region"])
    tenure, price, calls = features["tenure_months"], features["monthly_charges"], features["support_calls"]
    late, usage = features["late_payments"], features["usage_hours"]

    shared = REGION_LOGIT[region] + 1.0 * late - 0.04 * usage
    before = -2.8 + 2.6 * np.exp(-tenure / 12) + 0.8 * calls + PLAN_LOGIT[plan] + 1.2 * ((plan == 0) & (calls >= 3))
    after = 0.4 - 1.8 * np.exp(-tenure / 12) - 0.6 * calls - PLAN_LOGIT[plan] + 0.04 * (price - 60)
    return 1 / (1 + np.exp(-(shared + np.where(concept_drift, after, before))))


def generate(options: Options) -> Rows:
    """Draw the rows. A customer keeps plan and region for life; the rest is as it was at the time of the event."""
    random = np.random.Generator(np.random.PCG64(options.seed))
    n = options.rows
    drifted = np.arange(n) >= round(options.drift_at * n)
    price_drift = drifted & (options.drift in ("data", "both"))
    concept_drift = drifted & (options.drift in ("concept", "both"))

    plan_of = random.choice(len(PLANS), size=options.entities, p=[0.45, 0.35, 0.2])
    region_of = random.choice(len(REGIONS), size=options.entities)
    customer = random.integers(options.entities, size=n)
    plan = plan_of[customer]
    features: Columns = {
        "tenure_months": np.floor(random.exponential(24, size=n)).clip(0, 120),
        "monthly_charges": (PLAN_PRICE[plan] + random.normal(0, 6, size=n) + PRICE_RISE * price_drift).clip(5).round(2),
        "support_calls": random.poisson(1.2, size=n).astype(np.float64),
        "late_payments": random.poisson(0.4, size=n).astype(np.float64),
        "usage_hours": random.gamma(2.0, 12.0, size=n).round(1),
        "plan": PLANS[plan],
        "region": REGIONS[region_of[customer]],
    }
    probability = true_probability(features, concept_drift)
    churned = random.random(n) < probability
    features["usage_hours"] = np.where(random.random(n) < options.missing, np.nan, features["usage_hours"])

    delay_hours = random.exponential(options.label_delay_hours, size=n)
    event_time = [options.start + timedelta(seconds=row * options.interval_seconds) for row in range(n)]
    return Rows(
        features=features,
        entity=np.array([f"cust-{number:05}" for number in customer], np.str_),
        tenant=np.array(options.tenants)[customer % len(options.tenants)] if options.tenants else None,
        event_time=event_time,
        label_time=[time + timedelta(hours=hours) for time, hours in zip(event_time, delay_hours, strict=True)],
        true_probability=probability,
        churned=churned,
    )


def input_of(features: Columns, row: int) -> dict[str, float | str | None]:
    """One row as a prediction request wants it: by feature name, an unknown number as null."""
    numbers = {name: float(features[name][row]) for name in NUMERIC}
    known = {name: None if np.isnan(value) else value for name, value in numbers.items()}
    return known | {name: str(features[name][row]) for name in STRING}


def records(rows: Rows) -> list[dict[str, object]]:
    """The rows as the objects of the NDJSON form."""
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    return [
        ({} if rows.tenant is None else {"tenant": str(rows.tenant[row])})
        | {
            "entity": str(rows.entity[row]),
            "eventTime": rows.event_time[row].strftime(stamp),
            "input": input_of(rows.features, row),
            "label": "yes" if rows.churned[row] else "no",
            "labelTime": rows.label_time[row].strftime(stamp),
            "trueProbability": round(float(rows.true_probability[row]), 6),
        }
        for row in range(len(rows.event_time))
    ]


def write(rows: list[dict[str, object]], form: str, out: TextIO) -> None:
    """Write NDJSON, or CSV with the columns of `input` in its place and an empty field for null."""
    if form == "ndjson":
        out.writelines(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
        return
    flat = [{k: v for name, value in row.items() for k, v in (value.items() if name == "input" else [(name, value)])} for row in rows]
    table = csv.DictWriter(out, fieldnames=list(flat[0]) if flat else [], lineterminator="\n")
    table.writeheader()
    table.writerows(flat)


def main() -> None:
    """Read the options and write the rows."""
    default = Options()
    parser = argparse.ArgumentParser(description="Synthetic churn rows with a known true probability.")
    parser.add_argument("--rows", type=int, default=default.rows)
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--entities", type=int, default=default.entities, help="number of different customers")
    parser.add_argument("--tenants", default="", help="names, separated by commas; a customer belongs to one of them")
    parser.add_argument("--start", default=default.start.isoformat(), help="eventTime of the first row")
    parser.add_argument("--interval-seconds", type=float, default=default.interval_seconds)
    parser.add_argument("--label-delay-hours", type=float, default=default.label_delay_hours, help="mean")
    parser.add_argument("--drift", choices=["none", "data", "concept", "both"], default=default.drift)
    parser.add_argument("--drift-at", type=float, default=default.drift_at, help="share of rows before the drift")
    parser.add_argument("--missing", type=float, default=default.missing, help="share of rows without usage_hours")
    parser.add_argument("--format", choices=["ndjson", "csv"], default="ndjson")
    parser.add_argument("--out", help="file to write; stdout without it")
    given = vars(parser.parse_args())
    form, path = given.pop("format"), given.pop("out")
    given["tenants"] = tuple(name for name in given["tenants"].split(",") if name)
    start = datetime.fromisoformat(given["start"])
    given["start"] = start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)
    rows = records(generate(Options(**given)))
    if path is None:
        write(rows, form, sys.stdout)
        return
    with open(path, "w", encoding="utf-8", newline="") as out:
        write(rows, form, out)


if __name__ == "__main__":
    main()
