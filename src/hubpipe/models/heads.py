"""Turn embeddings into probabilities with a trained head's numbers: scikit-learn's formulas, without its objects."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from hubpipe.errors import TaskError
from hubpipe.models.safe_pickle import Record

LOGISTIC = frozenset(
    {"sklearn.linear_model._logistic.LogisticRegression", "sklearn.linear_model.logistic.LogisticRegression"}
)
ONE_VS_REST = "sklearn.multiclass.OneVsRestClassifier"
MULTI_OUTPUT = "sklearn.multioutput.MultiOutputClassifier"
BINARIZERS = frozenset({"sklearn.preprocessing._label.LabelBinarizer", "sklearn.preprocessing.label.LabelBinarizer"})
KINDS = LOGISTIC | BINARIZERS | {ONE_VS_REST, MULTI_OUTPUT}

NO_HEAD = "{model} has a head that hubpipe cannot compute ({kind}): choose one with a LogisticRegression"

# The classes, in order, and what gives each embedding (n × d) a probability for each of them (n × classes).
Head: TypeAlias = tuple[list[Any], Callable[[Any], Any]]


def head(model: str, record: Any) -> Head:
    """Make a head of a record: a logistic regression, or one for each label.

    Raises TaskError for any other.
    """
    try:
        return _head(record)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as fault:
        raise TaskError(NO_HEAD.format(model=model, kind=getattr(record, "kind", "no estimator"))) from fault


def _head(record: Record) -> Head:
    if record.kind in LOGISTIC:
        return list(record.state["classes_"].tolist()), _logistic(record.state)
    parts = [_logistic(part.state) for part in record.state["estimators_"] if part.kind in LOGISTIC]
    if record.kind not in (ONE_VS_REST, MULTI_OUTPUT) or len(parts) != len(record.state["estimators_"]):
        raise ValueError(record.kind)

    def alone(vectors: Any) -> Any:
        return np.stack([part(vectors)[:, -1] for part in parts], axis=1)

    if record.kind == MULTI_OUTPUT:
        return list(range(len(parts))), alone
    binarizer = record.state["label_binarizer_"].state
    classes = list(binarizer["classes_"].tolist())
    if str(binarizer["y_type_"]).startswith("multilabel"):
        return classes, alone
    return classes, lambda vectors: _shared(alone(vectors))


def _logistic(state: dict[str, Any]) -> Callable[[Any], Any]:
    """Give the probabilities of a logistic regression, as LogisticRegression.predict_proba computes them."""
    weights, bias = np.atleast_2d(state["coef_"]), np.asarray(state["intercept_"])
    count = len(state["classes_"])
    if weights.shape[0] != (1 if count == 2 else count) or bias.shape != weights.shape[:1]:
        raise ValueError("the sizes of the head's arrays do not fit each other")
    # scikit-learn before 1.8 names how several classes were learned; after it they are learned together.
    how = state.get("multi_class", "auto")
    apart = how in ("ovr", "warn") or (how in ("auto", "deprecated") and state.get("solver") == "liblinear")

    def probabilities(vectors: Any) -> Any:
        distances = vectors @ weights.T + bias
        if count == 2:
            twice = 2 if how == "multinomial" else 1
            likely = _sigmoid(twice * distances[:, 0])
            return np.stack([1 - likely, likely], axis=1)
        return _shared(_sigmoid(distances)) if apart else _softmax(distances)

    return probabilities


def _sigmoid(values: Any) -> Any:
    return 1 / (1 + np.exp(-np.clip(values, -500, 500)))


def _softmax(values: Any) -> Any:
    weights = np.exp(values - values.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _shared(values: Any) -> Any:
    return values / np.maximum(values.sum(axis=1, keepdims=True), 1e-12)
