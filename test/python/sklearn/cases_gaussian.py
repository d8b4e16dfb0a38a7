"""Gaussian models, kernel machines, baselines, encoders of numbers."""
import numpy as np
from estimator_cases import add
from data import binary, counts, multiclass, multilabel, positive, regression, texts
from sklearn import covariance, dummy, gaussian_process, kernel_approximation, kernel_ridge, mixture, preprocessing
from sklearn.gaussian_process import kernels

_X = multiclass()[0]
_ROWS = [(_X, None)]

for _name in ("GaussianMixture", "BayesianGaussianMixture"):
    for _kind in ("full", "tied", "diag", "spherical"):
        add("sklearn.mixture." + _name, getattr(mixture, _name)(n_components=3, covariance_type=_kind, random_state=0), data=_ROWS,
            dtypes=("float32",))      # scikit-learn rounds the densities of integer rows to integers
add("sklearn.covariance.EllipticEnvelope", covariance.EllipticEnvelope(random_state=0), data=_ROWS)

_FEW = [(X[:60], y[:60]) for X, y in (binary(), multiclass(), texts())]
add("sklearn.gaussian_process.GaussianProcessClassifier", gaussian_process.GaussianProcessClassifier(), data=_FEW, tolerance=1e-7)
_K = kernels
add("sklearn.gaussian_process.GaussianProcessRegressor", gaussian_process.GaussianProcessRegressor(),
    *(gaussian_process.GaussianProcessRegressor(one, alpha=0.1, optimizer=None, normalize_y=True) for one in (
        _K.ConstantKernel(2.0) * _K.RBF([1.0, 2.0, 1.0, 1.0, 3.0, 1.0]) + _K.WhiteKernel(0.1), _K.Matern(2.0, nu=0.5),
        _K.Matern(2.0, nu=1.5), _K.Matern(2.0, nu=2.5), _K.RationalQuadratic(2.0, 0.5), _K.DotProduct(1.0))),
    data=[regression(60)], tolerance=1e-7)
# A kernel of one feature: of several it is not positive definite.
add("sklearn.gaussian_process.GaussianProcessRegressor",
    gaussian_process.GaussianProcessRegressor(_K.ExpSineSquared(2.0, 3.0), alpha=0.1, optimizer=None),
    data=[(regression(60)[0][:, :1], regression(60)[1])], tolerance=1e-7)

for _kernel in "linear rbf poly sigmoid laplacian cosine".split():
    add("sklearn.kernel_ridge.KernelRidge", kernel_ridge.KernelRidge(kernel=_kernel), data=[regression(80)], tolerance=1e-7)
    add("sklearn.kernel_approximation.Nystroem", kernel_approximation.Nystroem(_kernel, n_components=8, random_state=0),
        data=_ROWS, tolerance=1e-7)
_POSITIVE = [(positive()[0], None)]
add("sklearn.kernel_ridge.KernelRidge", kernel_ridge.KernelRidge(kernel="chi2", gamma=0.5), data=[positive(80)], tolerance=1e-7)
add("sklearn.kernel_approximation.RBFSampler", kernel_approximation.RBFSampler(n_components=8, random_state=0), data=_ROWS)
add("sklearn.kernel_approximation.PolynomialCountSketch", *(kernel_approximation.PolynomialCountSketch(
    degree=degree, coef0=coef0, n_components=16, random_state=0) for degree, coef0 in ((2, 0), (3, 1.0))), data=_ROWS)
add("sklearn.kernel_approximation.SkewedChi2Sampler", kernel_approximation.SkewedChi2Sampler(n_components=8, random_state=0),
    data=_POSITIVE)
add("sklearn.kernel_approximation.AdditiveChi2Sampler", *(kernel_approximation.AdditiveChi2Sampler(sample_steps=n) for n in (1, 2, 3)),
    data=_POSITIVE, dtypes=("float32",))

add("sklearn.dummy.DummyClassifier", *(dummy.DummyClassifier(strategy=one) for one in ("prior", "most_frequent")),
    data=[binary(), texts(), multilabel()])
add("sklearn.dummy.DummyClassifier", dummy.DummyClassifier(strategy="constant", constant=2), data=[multiclass()])
add("sklearn.dummy.DummyRegressor", dummy.DummyRegressor(), dummy.DummyRegressor(strategy="median"),
    data=[regression(), regression(targets=2)])

_P = "sklearn.preprocessing."
_C = np.minimum(counts()[0], 7)
_CODES = [(_C, None)]
_GAPS = np.where(np.arange(300)[:, None] % 11 == np.arange(6), np.nan, _C)
add(_P + "OneHotEncoder", preprocessing.OneHotEncoder(), preprocessing.OneHotEncoder(handle_unknown="ignore"),
    preprocessing.OneHotEncoder(drop="first"), preprocessing.OneHotEncoder(drop="if_binary", dtype=np.float32),
    preprocessing.OneHotEncoder(min_frequency=30, handle_unknown="infrequent_if_exist"),
    preprocessing.OneHotEncoder(max_categories=3, drop="first"), data=_CODES + [(_GAPS, None)])
add(_P + "OrdinalEncoder", preprocessing.OrdinalEncoder(),
    preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2),
    preprocessing.OrdinalEncoder(min_frequency=30), data=_CODES + [(_GAPS, None)])
add(_P + "TargetEncoder", preprocessing.TargetEncoder(random_state=0), data=[(_C, binary()[1]), (_C, multiclass()[1]),
                                                                           (_GAPS, regression()[1])])
