/* Kernels on strings, which the compiler does not make but links: an object of its own, in models that have such ops
 * alone. Each has the signature of a kernel; the code that the compiler makes hands it the launch with these parameters
 * for dims. A task is `*_STEP` rows, or elements. */
#ifndef QUERN_TEXT_TEXT_H
#define QUERN_TEXT_TEXT_H

#include "quern/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a key of a lookup is in memory. A number is looked up by its 8 bytes: -0 as 0, every NaN as the one 0x7ff8.... */
enum { QUERN_KEY_STRING, QUERN_KEY_F64, QUERN_KEY_I64 };

/* Buffers: keys, table, int64 numbers. Elements lie in rows of as many columns as the table has groups, each of which
 * looks its own up; with one group all look up there. Unknown keys are -1, or where REQUIRED end the run with
 * QUERN_KERNEL_UNKNOWN, the column above the low 8 bits. */
enum { QUERN_LOOKUP_STEP, QUERN_LOOKUP_ELEMENTS, QUERN_LOOKUP_KIND, QUERN_LOOKUP_REQUIRED, QUERN_LOOKUP_PARAMETERS };
int32_t quern_text_lookup(const quern_launch *launch);

/* Buffers: int64 numbers of entries, table, [strings], strings. A number that is no entry is QUERN_KERNEL_INDEX, or where
 * there are other strings, theirs. */
enum { QUERN_PICK_STEP, QUERN_PICK_ELEMENTS, QUERN_PICK_HAS_OTHERS, QUERN_PICK_PARAMETERS };
int32_t quern_text_pick(const quern_launch *launch);

enum { QUERN_ANALYZER_WORD, QUERN_ANALYZER_CHAR, QUERN_ANALYZER_CHAR_WB };
enum { QUERN_NORM_NONE, QUERN_NORM_L1, QUERN_NORM_L2 };

/* Buffers: texts, table (group 0: terms, group 1: stop words), of the product an f64 weight of [terms, outputs], [f64 factors
 * of the terms], f64 result of [rows, outputs]; outputs are the terms without a weight. */
enum {
  QUERN_TERMS_STEP,
  QUERN_TERMS_ROWS,
  QUERN_TERMS_ANALYZER,
  QUERN_TERMS_LEAST_N, /* of n-grams */
  QUERN_TERMS_MOST_N,
  QUERN_TERMS_LEAST_LETTERS, /* of a word */
  QUERN_TERMS_LONGEST,       /* bytes: longer ones are no terms */
  QUERN_TERMS_LOWERCASE,
  QUERN_TERMS_BINARY,
  QUERN_TERMS_SUBLINEAR,
  QUERN_TERMS_NORM,
  QUERN_TERMS_COUNT, /* of terms */
  QUERN_TERMS_HAS_FACTORS,
  QUERN_TERMS_OUTPUTS,
  QUERN_TERMS_PARAMETERS
};
int32_t quern_text_terms(const quern_launch *launch);
int32_t quern_text_product(const quern_launch *launch);

/* Scratch of the two, in bytes. Units are words or letters, of so many bytes at most; the window holds this many. */
#define QUERN_TERMS_WINDOW(most_n) (2 * (most_n) + 16)
#define QUERN_TERMS_SCRATCH(terms, most_n, unit_bytes)                                                                 \
  (12 * (terms) + 8 * QUERN_TERMS_WINDOW(most_n) + ((unit_bytes) + 2) * QUERN_TERMS_WINDOW(most_n))

#ifdef __cplusplus
}
#endif
#endif
