"""The fitted models of classical.py: scikit-learn, LightGBM and XGBoost, on made data of a fixed seed."""
from dataclasses import dataclass
from typing import Callable

import numpy as np

POOL = 10_000


@dataclass
class Case:
    """fit: () -> (fitted estimator, POOL rows). method: whose result is compared and timed."""
    fit: Callable
    method: str


CASES: dict[str, Case] = {}


def case(method):
    def register(fit):
        CASES[fit.__name__] = Case(fit, method)
        return fit
    return register


def classes(rows, features, n_classes=2, seed=0):
    """A classification problem split in (X_train, y_train, rows)."""
    from sklearn.datasets import make_classification
    X, y = make_classification(rows + POOL, features, n_informative=max(4, features // 2), n_classes=n_classes,
                               random_state=seed)
    return X[:rows], y[:rows], X[rows:]


def table_frame(rows=14_000, seed=0):
    """A data frame with three columns of texts and four of numbers, and a target of two classes."""
    import pandas as pd
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "city": rng.choice([f"city_{i}" for i in range(40)], rows),
        "job": rng.choice(["nurse", "miller", "cook", "pilot", "judge"], rows),
        "plan": rng.choice(["free", "basic", "pro"], rows),
        "age": rng.normal(40, 12, rows), "income": rng.lognormal(10, 1, rows),
        "visits": rng.poisson(5, rows).astype(float), "score": rng.normal(size=rows)})
    target = (frame.score + (frame.plan == "pro") - (frame.age > 50) + rng.normal(size=rows) > 0).astype(int)
    return frame, target


def sentences(rows, seed=0, words=5_000, length=40):
    """Words apart by spaces, drawn by Zipf's law; two topics."""
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, 2, rows)
    ids = np.minimum(rng.zipf(1.3, (rows, length)), words) + 17 * topic[:, None]
    return np.array([" ".join(f"w{i}" for i in row) for row in ids]), topic


@case("predict")
def linear_regression():
    from sklearn.datasets import make_regression
    from sklearn.linear_model import LinearRegression
    X, y = make_regression(2_000 + POOL, 100, noise=1.0, random_state=0)
    return LinearRegression().fit(X[:2_000], y[:2_000]), X[2_000:]


@case("predict_proba")
def logistic_binary():
    from sklearn.linear_model import LogisticRegression
    X, y, pool = classes(2_000, 100)
    return LogisticRegression(max_iter=500).fit(X, y), pool


@case("predict_proba")
def logistic_digits():
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    X, y = load_digits(return_X_y=True)
    return LogisticRegression(max_iter=2_000).fit(X / 16, y), X[np.random.default_rng(0).integers(0, len(X), POOL)] / 16


@case("predict")
def linear_svc():
    from sklearn.svm import LinearSVC
    X, y, pool = classes(2_000, 50, 5)
    return LinearSVC(random_state=0).fit(X, y), pool


@case("predict")
def svc_rbf():
    from sklearn.svm import SVC
    X, y, pool = classes(2_000, 20, 3)
    return SVC().fit(X, y), pool


@case("predict")
def knn():
    from sklearn.neighbors import KNeighborsClassifier
    X, y, pool = classes(5_000, 16, 3)
    return KNeighborsClassifier(5).fit(X, y), pool


@case("predict")
def kmeans():
    from sklearn.cluster import KMeans
    from sklearn.datasets import make_blobs
    X, _ = make_blobs(5_000 + POOL, 32, centers=32, cluster_std=4.0, random_state=0)
    return KMeans(32, n_init=1, random_state=0).fit(X[:5_000]), X[5_000:]


@case("transform")
def pca():
    from sklearn.datasets import make_low_rank_matrix
    from sklearn.decomposition import PCA
    X = make_low_rank_matrix(2_000 + POOL, 256, effective_rank=40, random_state=0) * 100
    return PCA(32, random_state=0).fit(X[:2_000]), X[2_000:]


@case("predict_proba")
def gaussian_nb():
    from sklearn.naive_bayes import GaussianNB
    X, y, pool = classes(2_000, 30, 4)
    return GaussianNB().fit(X, y), pool


@case("predict_proba")
def mlp():
    from sklearn.neural_network import MLPClassifier
    X, y, pool = classes(4_000, 50, 10)
    return MLPClassifier((128, 64), max_iter=40, random_state=0).fit(X, y), pool


@case("predict_proba")
def decision_tree():
    from sklearn.tree import DecisionTreeClassifier
    X, y, pool = classes(10_000, 30, 3)
    return DecisionTreeClassifier(max_depth=12, random_state=0).fit(X, y), pool


@case("predict_proba")
def random_forest():
    from sklearn.ensemble import RandomForestClassifier
    X, y, pool = classes(10_000, 30, 3)
    return RandomForestClassifier(100, max_depth=12, n_jobs=2, random_state=0).fit(X, y), pool


@case("predict_proba")
def gradient_boosting():
    from sklearn.ensemble import GradientBoostingClassifier
    X, y, pool = classes(5_000, 30)
    return GradientBoostingClassifier(random_state=0).fit(X, y), pool


@case("predict_proba")
def hist_gradient_boosting():
    from sklearn.ensemble import HistGradientBoostingClassifier
    X, y, pool = classes(20_000, 30)
    return HistGradientBoostingClassifier(max_iter=200, random_state=0).fit(X, y), pool


@case("predict_proba")
def lightgbm():
    from lightgbm import LGBMClassifier
    X, y, pool = classes(50_000, 30)
    return LGBMClassifier(n_estimators=500, num_leaves=64, verbose=-1, random_state=0).fit(X, y), pool


@case("predict_proba")
def xgboost():
    from xgboost import XGBClassifier
    X, y, pool = classes(50_000, 30)
    return XGBClassifier(n_estimators=300, max_depth=6, random_state=0).fit(X, y), pool


@case("decision_function")
def isolation_forest():
    from sklearn.ensemble import IsolationForest
    X, _, pool = classes(5_000, 20)
    return IsolationForest(n_estimators=100, random_state=0).fit(X), pool


@case("predict_proba")
def pipeline_frame():
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    frame, target = table_frame()
    split = ColumnTransformer([("text", OneHotEncoder(handle_unknown="ignore"), ["city", "job", "plan"]),
                               ("numbers", StandardScaler(), ["age", "income", "visits", "score"])])
    return make_pipeline(split, LogisticRegression()).fit(frame[:4_000], target[:4_000]), frame[4_000:].reset_index(drop=True)


@case("predict_proba")
def tfidf_logistic():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    text, topic = sentences(2_000 + POOL)
    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(text[:2_000], topic[:2_000]), text[2_000:]
