/* The terms of texts, weighed: a matrix of them, or its product with a weight, of which only the rows of the terms that
 * a text has are read. */
#include "text/analyze.h"

/* ln(x) of x >= 1: the exponent, and a series in s = f / (2 + f) of the fraction 1 + f (Cody and Waite; fdlibm's
 * coefficients). */
static double logarithm(double x) {
  const double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  int64_t exponent = (int64_t)(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
  double m;
  memcpy(&m, &bits, sizeof m);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    ++exponent;
  }
  double f = m - 1, s = f / (2 + f), z = s * s, half = 0.5 * f * f, k = (double)exponent;
  double even = z * z * (0.3999999999940941908 + z * z * (0.2222219843214978396 + z * z * 0.1531383769920937332));
  double odd =
      z * (0.6666666666666735130 + z * z * (0.2857142874366239149 + z * z * (0.1818357216161805012 + z * z * 0.1479819860511658591)));
  return k * ln2_high - ((half - (s * (half + even + odd) + k * ln2_low)) - f);
}

/* What the rows of a launch have in common. */
struct weighing {
  struct quern_analyzer analyzer;
  const quern_string *texts;
  const double *factors, *weight; /* null: all 1; the terms themselves */
  double *result;
  int64_t outputs, norm;
  bool is_binary, is_sublinear;
};

static double value_of(const struct weighing *w, uint32_t place) {
  double value = w->is_binary ? 1 : (double)w->analyzer.bag.counts[place];
  if (w->is_sublinear)
    value = 1 + logarithm(value);
  return w->factors ? value * w->factors[w->analyzer.bag.terms[place]] : value;
}

/* 1 for a text without terms. */
static double norm_of(const struct weighing *w) {
  double sum = 0;
  for (uint32_t place = 0; place < w->analyzer.bag.distinct && w->norm != QUERN_NORM_NONE; ++place) {
    double value = value_of(w, place);
    sum += w->norm == QUERN_NORM_L2 ? value * value : value < 0 ? -value : value;
  }
  return sum == 0 ? 1 : w->norm == QUERN_NORM_L2 ? __builtin_sqrt(sum) : sum;
}

static void multiply(const struct weighing *w, double *row) {
  const struct quern_bag *bag = &w->analyzer.bag;
  int64_t outputs = w->outputs;
  for (uint32_t place = 0; place < bag->distinct; ++place) {
    double value = value_of(w, place);
    const double *weight = w->weight + (int64_t)bag->terms[place] * outputs;
    for (int64_t i = 0; i < outputs; ++i)
      row[i] += value * weight[i];
  }
  double norm = norm_of(w);
  for (int64_t i = 0; i < outputs; ++i)
    row[i] /= norm;
}

static void spread(const struct weighing *w, double *row) {
  const struct quern_bag *bag = &w->analyzer.bag;
  double norm = norm_of(w);
  for (uint32_t place = 0; place < bag->distinct; ++place)
    row[bag->terms[place]] = value_of(w, place) / norm;
}

static int32_t weigh(const quern_launch *launch, bool has_weight) {
  const int64_t *p = launch->dims;
  int64_t factors = 2 + has_weight, result = factors + p[QUERN_TERMS_HAS_FACTORS];
  struct weighing w = {.analyzer = quern_analyzer_make(p, launch->buffers[1], launch->scratch),
                       .texts = launch->buffers[0],
                       .factors = p[QUERN_TERMS_HAS_FACTORS] ? launch->buffers[factors] : NULL,
                       .weight = has_weight ? launch->buffers[2] : NULL,
                       .result = (double *)launch->buffers[result],
                       .outputs = p[QUERN_TERMS_OUTPUTS],
                       .norm = p[QUERN_TERMS_NORM],
                       .is_binary = p[QUERN_TERMS_BINARY] != 0,
                       .is_sublinear = p[QUERN_TERMS_SUBLINEAR] != 0};
  int64_t last = launch->last_task * p[QUERN_TERMS_STEP];
  for (int64_t row = launch->first_task * p[QUERN_TERMS_STEP]; row < last && row < p[QUERN_TERMS_ROWS]; ++row) {
    double *to = w.result + row * w.outputs;
    quern_analyze(&w.analyzer, &w.texts[row]);
    memset(to, 0, (size_t)w.outputs * sizeof *to);
    (has_weight ? multiply : spread)(&w, to);
  }
  return QUERN_KERNEL_OK;
}

int32_t quern_text_terms(const quern_launch *launch) { return weigh(launch, false); }
int32_t quern_text_product(const quern_launch *launch) { return weigh(launch, true); }
