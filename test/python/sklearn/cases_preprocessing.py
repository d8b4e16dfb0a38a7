import numpy as np
from estimator_cases import add
from data import counts, multiclass, positive, regression, with_gaps
from sklearn import cross_decomposition, decomposition, preprocessing, random_projection

_X = multiclass()[0]
_ROWS = [(_X, None)]

for _name in ("PCA", "IncrementalPCA", "FastICA", "FactorAnalysis", "SparsePCA", "MiniBatchSparsePCA", "TruncatedSVD"):
    _options = {} if _name == "IncrementalPCA" else {"random_state": 0}
    add("sklearn.decomposition." + _name, getattr(decomposition, _name)(3, **_options), data=_ROWS,
        one_row="Sparse" not in _name)
add("sklearn.decomposition.PCA", decomposition.PCA(3, whiten=True), data=_ROWS)
add("sklearn.decomposition.NMF", *(decomposition.NMF(count, init="random", random_state=0, alpha_W=alpha)
                                   for count, alpha in ((1, 0.0), (3, 0.01))), data=[(counts()[0], None)], tolerance=1e-7,
    dtypes=("int64",))     # float32 rows need a fit on such ones
add("sklearn.decomposition.LatentDirichletAllocation", decomposition.LatentDirichletAllocation(4, random_state=0),
    data=[(counts()[0], None)], tolerance=1e-7)
add("sklearn.decomposition.FastICA", decomposition.FastICA(whiten=False, random_state=0), data=_ROWS)
for _kernel in "linear rbf poly sigmoid cosine".split():
    add("sklearn.decomposition.KernelPCA", decomposition.KernelPCA(3, kernel=_kernel), data=[(_X[:100], None)], tolerance=1e-7)
add("sklearn.random_projection.GaussianRandomProjection", random_projection.GaussianRandomProjection(3, random_state=0),
    data=_ROWS)
add("sklearn.random_projection.SparseRandomProjection", random_projection.SparseRandomProjection(3, random_state=0), data=_ROWS)
add("sklearn.preprocessing.KernelCenterer", preprocessing.KernelCenterer(), data=[(_X[:40] @ _X[:40].T, None)])
for _name in "PLSRegression PLSCanonical CCA".split():
    add("sklearn.cross_decomposition." + _name, getattr(cross_decomposition, _name)(2), data=[regression(targets=2)])
add("sklearn.cross_decomposition.PLSRegression", cross_decomposition.PLSRegression(2), data=[regression()])
add("sklearn.cross_decomposition.PLSSVD", cross_decomposition.PLSSVD(2), data=[regression(targets=2)])

_P = "sklearn.preprocessing."
_GAPS = [(with_gaps(_X), None)]
add(_P + "StandardScaler", preprocessing.StandardScaler(), preprocessing.StandardScaler(with_mean=False),
    preprocessing.StandardScaler(with_std=False), data=_GAPS, dtypes=("float32",))
add(_P + "StandardScaler", preprocessing.StandardScaler(), data=_ROWS)
add(_P + "MinMaxScaler", preprocessing.MinMaxScaler(), preprocessing.MinMaxScaler((-1, 2), clip=True), data=_ROWS)
add(_P + "MaxAbsScaler", preprocessing.MaxAbsScaler(), data=_ROWS)
add(_P + "RobustScaler", preprocessing.RobustScaler(), preprocessing.RobustScaler(with_centering=False), data=_ROWS)
add(_P + "Normalizer", *(preprocessing.Normalizer(norm) for norm in ("l1", "l2", "max")),
    data=[(np.where(np.arange(len(_X))[:, None] == 3, 0.0, _X), None)])
add(_P + "Binarizer", preprocessing.Binarizer(threshold=0.5), data=_ROWS)
add(_P + "FunctionTransformer", preprocessing.FunctionTransformer(np.log1p, inverse_func=np.expm1, validate=True),
    preprocessing.FunctionTransformer(validate=True), data=[(positive()[0], None)])
add(_P + "PolynomialFeatures", preprocessing.PolynomialFeatures(), preprocessing.PolynomialFeatures(3, interaction_only=True),
    preprocessing.PolynomialFeatures((2, 3), include_bias=False), data=_ROWS)
add(_P + "PowerTransformer", preprocessing.PowerTransformer(), preprocessing.PowerTransformer(standardize=False), data=_GAPS,
    dtypes=("float32",))
add(_P + "PowerTransformer", preprocessing.PowerTransformer("box-cox"), data=[(positive()[0], None)], dtypes=("float32",))
add(_P + "QuantileTransformer", preprocessing.QuantileTransformer(n_quantiles=50), preprocessing.QuantileTransformer(
    n_quantiles=50, output_distribution="normal"), data=_GAPS + [(counts()[0], None)], dtypes=())
for _encode in "ordinal onehot onehot-dense".split():
    add(_P + "KBinsDiscretizer", preprocessing.KBinsDiscretizer(4, encode=_encode, quantile_method="averaged_inverted_cdf"),
        data=_ROWS)
add(_P + "SplineTransformer", *(preprocessing.SplineTransformer(extrapolation=one, degree=degree, include_bias=bias)
                                for one in ("constant", "linear", "continue", "periodic")
                                for degree, bias in ((3, True), (2, False))), data=_ROWS)
