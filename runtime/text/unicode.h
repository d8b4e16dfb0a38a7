/* What Python knows of characters: the classes of its regular expressions, and str.lower(). The tables are made by
 * unicode_tables.py from the Python of the build. */
#ifndef QUERN_TEXT_UNICODE_H
#define QUERN_TEXT_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

enum {
  QUERN_LETTER_WORD = 1,      /* \w */
  QUERN_LETTER_SPACE = 2,     /* \s */
  QUERN_LETTER_CASED = 4,     /* has upper and lower case */
  QUERN_LETTER_IGNORABLE = 8, /* stands between cased letters without ending a word */
  QUERN_LETTER_EXPANDS = 16   /* becomes several in lower case */
};

typedef struct quern_letter {
  int32_t lower; /* what is added to it for lower case */
  uint8_t flags;
} quern_letter;

const quern_letter *quern_letter_of(uint32_t letter);

/* The letter that begins at `at`, before `end`; *at goes behind it. A byte that begins none is U+FFFD. */
uint32_t quern_decode(const char **at, const char *end);
/* The letter that ends at `*at`, which goes in front of it; `begin` < *at. */
uint32_t quern_decode_back(const char *begin, const char **at);
/* Writes at most 4 bytes, and says how many. */
uint32_t quern_encode(uint32_t letter, char *to);

enum { QUERN_MOST_LOWER = 3 };
/* The letters of `letter`, which stands at [from, to) of the text [begin, end), in lower case; how many. */
int quern_lower(uint32_t letter, const char *begin, const char *from, const char *to, const char *end,
                uint32_t lower[QUERN_MOST_LOWER]);

#endif
