import numpy as np
from estimator_cases import add
from data import binary, counts, multiclass, multilabel, regression, texts
from sklearn import cluster, manifold, naive_bayes, neighbors, neural_network, svm

_X = multiclass()[0]
_ROWS = [(_X, None)]

for _name in "KMeans MiniBatchKMeans BisectingKMeans".split():
    add("sklearn.cluster." + _name, getattr(cluster, _name)(5, random_state=0), data=_ROWS,
        dtypes=("int64",))      # scikit-learn fails on float32 rows after a fit on float64
add("sklearn.cluster.Birch", cluster.Birch(n_clusters=4, threshold=1.0), data=_ROWS, tolerance=1e-7)
add("sklearn.cluster.MeanShift", cluster.MeanShift(bandwidth=3.0), data=_ROWS)
add("sklearn.cluster.AffinityPropagation", cluster.AffinityPropagation(random_state=0), data=_ROWS)
add("sklearn.cluster.FeatureAgglomeration", cluster.FeatureAgglomeration(3),
    cluster.FeatureAgglomeration(3, pooling_func=np.max), data=_ROWS)

_KNN = "sklearn.neighbors.KNeighborsClassifier"
# Counts, which are often at equal distances, moved a little: which of equals come first is up to the search.
_UNTIED = (multilabel()[0] + _X / 8, multilabel()[1])
add(_KNN, neighbors.KNeighborsClassifier(5), neighbors.KNeighborsClassifier(4, weights="distance"),
    data=[binary(), multiclass(), texts(), _UNTIED])
add(_KNN, neighbors.KNeighborsClassifier(3, algorithm="brute"), neighbors.KNeighborsClassifier(3, metric="manhattan"),
    neighbors.KNeighborsClassifier(3, metric="chebyshev"), neighbors.KNeighborsClassifier(3, metric="minkowski", p=3),
    neighbors.KNeighborsClassifier(3, metric="cosine"), data=[multiclass()])
add("sklearn.neighbors.KNeighborsRegressor", neighbors.KNeighborsRegressor(4),
    neighbors.KNeighborsRegressor(4, weights="distance"), data=[regression(), regression(targets=2)])
add("sklearn.neighbors.NearestNeighbors", neighbors.NearestNeighbors(n_neighbors=4), data=_ROWS)
add("sklearn.neighbors.LocalOutlierFactor", neighbors.LocalOutlierFactor(10, novelty=True), data=_ROWS)
add("sklearn.neighbors.RadiusNeighborsRegressor", neighbors.RadiusNeighborsRegressor(2.0),
    neighbors.RadiusNeighborsRegressor(2.0, weights="distance"), data=[regression(), regression(targets=2)])
add("sklearn.neighbors.RadiusNeighborsClassifier", neighbors.RadiusNeighborsClassifier(2.0, outlier_label="most_frequent"),
    neighbors.RadiusNeighborsClassifier(0.5, outlier_label="most_frequent", weights="distance"), data=[multiclass(), texts()])
for _kernel in "gaussian tophat epanechnikov exponential linear cosine".split():
    add("sklearn.neighbors.KernelDensity", neighbors.KernelDensity(kernel=_kernel, bandwidth=2.5), data=_ROWS)
add("sklearn.neighbors.KernelDensity", neighbors.KernelDensity(bandwidth="scott", metric="manhattan"), data=[(_X[:, :1], None)])
for _mode in "distance connectivity".split():
    add("sklearn.neighbors.KNeighborsTransformer", neighbors.KNeighborsTransformer(mode=_mode, n_neighbors=4), data=_ROWS)
    add("sklearn.neighbors.RadiusNeighborsTransformer", neighbors.RadiusNeighborsTransformer(mode=_mode, radius=1.5), data=_ROWS)
add("sklearn.manifold.Isomap", manifold.Isomap(n_neighbors=9), data=_ROWS, tolerance=1e-6)
add("sklearn.neighbors.NearestCentroid", neighbors.NearestCentroid(), neighbors.NearestCentroid(metric="manhattan"),
    neighbors.NearestCentroid(priors="empirical"), data=[binary(), multiclass(), texts()])
add("sklearn.neighbors.NeighborhoodComponentsAnalysis", neighbors.NeighborhoodComponentsAnalysis(3, max_iter=5, random_state=0),
    data=[multiclass()])

_ANY = [binary(), multiclass(), texts()]
add("sklearn.naive_bayes.GaussianNB", naive_bayes.GaussianNB(), data=_ANY)
add("sklearn.naive_bayes.BernoulliNB", naive_bayes.BernoulliNB(), naive_bayes.BernoulliNB(binarize=1.0), data=_ANY)
for _name in "MultinomialNB ComplementNB".split():
    add("sklearn.naive_bayes." + _name, getattr(naive_bayes, _name)(), data=[counts(), counts(classes=2)])
add("sklearn.naive_bayes.CategoricalNB", naive_bayes.CategoricalNB(min_categories=40), data=[counts()])

for _activation in "relu tanh logistic identity".split():
    add("sklearn.neural_network.MLPClassifier",
        neural_network.MLPClassifier((9, 5), activation=_activation, max_iter=30, random_state=0),
        data=_ANY if _activation == "relu" else [multiclass()])
add("sklearn.neural_network.MLPClassifier", neural_network.MLPClassifier((9,), max_iter=30, random_state=0),
    data=[multilabel(), (_X.astype(np.float32), multiclass()[1])])
add("sklearn.neural_network.MLPRegressor", neural_network.MLPRegressor(hidden_layer_sizes=(9,), max_iter=30, random_state=0),
    data=[regression(), regression(targets=2)])
add("sklearn.neural_network.BernoulliRBM", neural_network.BernoulliRBM(4, random_state=0),
    data=[((_X > 0).astype(float), None)], random=("score_samples",))

for _name in "SVC NuSVC".split():
    for _kernel in "rbf linear poly sigmoid".split():
        add("sklearn.svm." + _name, getattr(svm, _name)(kernel=_kernel), data=_ANY if _kernel == "rbf" else [multiclass()])
add("sklearn.svm.SVC", svm.SVC(decision_function_shape="ovo"), svm.SVC(break_ties=True), data=[binary(), multiclass()])
add("sklearn.svm.SVC", svm.SVC(probability=True, random_state=0), data=_ANY)
for _name in "SVR NuSVR".split():
    add("sklearn.svm." + _name, getattr(svm, _name)(), getattr(svm, _name)(kernel="poly", degree=2), data=[regression()])
add("sklearn.svm.OneClassSVM", svm.OneClassSVM(nu=0.2), data=_ROWS)
