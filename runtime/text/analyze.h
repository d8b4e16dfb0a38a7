/* Texts to terms, as scikit-learn's vectorizers take them apart: words, or letters, and n-grams of them. */
#ifndef QUERN_TEXT_ANALYZE_H
#define QUERN_TEXT_ANALYZE_H

#include "text/table.h"
#include "text/text.h"
#include <stdbool.h>

/* The last units (words, or letters) of a text, one after another; words have a blank behind them. */
struct quern_window {
  char *bytes;
  uint32_t *starts; /* of each unit; behind the last one that is whole, of the next */
  uint32_t units, used;
};

/* How often each term was met in a text. `places` holds any numbers at first: one that is no place, or that of another
 * term, tells a term that is new (Briggs and Torczon's sparse set), so nothing is cleared between texts. */
struct quern_bag {
  uint32_t *places, *terms, *counts;
  uint32_t distinct;
};

struct quern_analyzer {
  const quern_table *table;
  uint64_t terms, longest;
  uint32_t least_n, most_n, least_letters;
  int32_t kind; /* QUERN_ANALYZER_... */
  bool lowercase, has_stop_words;
  struct quern_window window;
  struct quern_bag bag;
  uint64_t letters;     /* of the word at hand */
  uint64_t spaces;      /* in a row, right before */
  uint32_t first_space; /* of those */
};

/* An analyzer that works in `scratch`, which has QUERN_TERMS_SCRATCH bytes. */
struct quern_analyzer quern_analyzer_make(const int64_t *parameters, const quern_table *table, void *scratch);

/* Fills the bag anew. */
void quern_analyze(struct quern_analyzer *analyzer, const quern_string *text);

#endif
