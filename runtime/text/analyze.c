#include "text/analyze.h"
#include "text/unicode.h"

/* Letters, digits and the underscore in lower case; 0 for what is in no word. */
static const char lower_ascii_words[128] = {
    ['0'] = '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
    ['A'] = 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
    'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
    ['_'] = '_',
    ['a'] = 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
    'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z'};

struct quern_analyzer quern_analyzer_make(const int64_t *parameters, const quern_table *table, void *scratch) {
  struct quern_analyzer a = {.table = table,
                             .terms = (uint64_t)parameters[QUERN_TERMS_COUNT],
                             .longest = (uint64_t)parameters[QUERN_TERMS_LONGEST],
                             .least_n = (uint32_t)parameters[QUERN_TERMS_LEAST_N],
                             .most_n = (uint32_t)parameters[QUERN_TERMS_MOST_N],
                             .least_letters = (uint32_t)parameters[QUERN_TERMS_LEAST_LETTERS],
                             .kind = (int32_t)parameters[QUERN_TERMS_ANALYZER],
                             .lowercase = parameters[QUERN_TERMS_LOWERCASE] != 0};
  const uint64_t *starts = quern_table_starts(table);
  a.has_stop_words = table->groups > 1 && starts[2] > starts[1];
  a.bag = (struct quern_bag){scratch, (uint32_t *)scratch + a.terms, (uint32_t *)scratch + 2 * a.terms, 0};
  a.window.starts = (uint32_t *)scratch + 3 * a.terms;
  a.window.bytes = (char *)(a.window.starts + QUERN_TERMS_WINDOW(a.most_n) + 1);
  return a;
}

/* ---- terms ------------------------------------------------------------------------------------------------------- */

static void count(struct quern_analyzer *a, const char *key, uint64_t size) {
  uint64_t term = (uint64_t)quern_table_find(a->table, 0, key, size);
  if (term >= a->terms)
    return;
  struct quern_bag *bag = &a->bag;
  uint32_t place = bag->places[term];
  if (place < bag->distinct && bag->terms[place] == term) {
    bag->counts[place] += bag->counts[place] != UINT32_MAX;
    return;
  }
  bag->places[term] = bag->distinct;
  bag->terms[bag->distinct] = (uint32_t)term;
  bag->counts[bag->distinct++] = 1;
}

/* The n-grams that end with the last of `units` units, at `used`. */
static void count_ending_here(struct quern_analyzer *a, uint32_t units) {
  const struct quern_window *w = &a->window;
  for (uint32_t n = a->least_n; n <= a->most_n && n <= units; ++n) {
    uint32_t from = w->starts[units - n];
    if (w->used - from > a->longest)
      return;
    count(a, w->bytes + from, w->used - from);
  }
}

/* Makes room for the next unit: what no n-gram can reach any more goes. */
static void slide(struct quern_analyzer *a) {
  struct quern_window *w = &a->window;
  if (w->units < (uint32_t)QUERN_TERMS_WINDOW(a->most_n) - 1)
    return;
  uint32_t kept = a->most_n - 1, gone = w->units - kept, from = w->starts[gone];
  memmove(w->bytes, w->bytes + from, w->used - from);
  for (uint32_t i = 0; i <= kept; ++i)
    w->starts[i] = w->starts[gone + i] - from;
  w->units = kept;
  w->used -= from;
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

/* A word keeps one byte more than the longest term has: it is none then. */
static void add_to_word(struct quern_analyzer *a, const char *bytes, uint32_t size) {
  struct quern_window *w = &a->window;
  ++a->letters;
  for (uint32_t i = 0; i < size && w->used - w->starts[w->units] <= a->longest; ++i)
    w->bytes[w->used++] = bytes[i];
}

static void end_word(struct quern_analyzer *a) {
  struct quern_window *w = &a->window;
  uint32_t from = w->starts[w->units];
  bool counts = a->letters >= a->least_letters && a->letters;
  a->letters = 0;
  if (!counts || (a->has_stop_words && quern_table_find(a->table, 1, w->bytes + from, w->used - from) >= 0)) {
    w->used = from;
    return;
  }
  count_ending_here(a, w->units + 1);
  if (a->most_n == 1) {
    w->used = from;
    return;
  }
  w->bytes[w->used++] = ' ';
  w->starts[++w->units] = w->used;
  slide(a);
}

static void word_letter(struct quern_analyzer *a, uint32_t letter) {
  char bytes[4];
  if (quern_letter_of(letter)->flags & QUERN_LETTER_WORD)
    add_to_word(a, bytes, quern_encode(letter, bytes));
  else
    end_word(a);
}

/* What word_letter does, for the letters that most texts are made of: up to the first that is not ASCII. */
static const char *word_ascii(struct quern_analyzer *a, const char *at, const char *end) {
  struct quern_window *w = &a->window;
  while (at < end && (int8_t)*at >= 0) {
    const char *from = at;
    char *to = w->bytes + w->used, *limit = w->bytes + w->starts[w->units] + a->longest + 1;
    bool lowercase = a->lowercase;
    for (char lower; at < end && (int8_t)*at >= 0 && (lower = lower_ascii_words[(uint8_t)*at]); ++at)
      if (to < limit)
        *to++ = lowercase ? lower : *at;
    w->used = (uint32_t)(to - w->bytes);
    a->letters += (uint64_t)(at - from);
    if (at < end && (int8_t)*at >= 0) {
      end_word(a);
      ++at;
    }
  }
  return at;
}

/* ---- letters ----------------------------------------------------------------------------------------------------- */

static void add_letter(struct quern_analyzer *a, uint32_t letter) {
  struct quern_window *w = &a->window;
  ++a->letters;
  w->used += quern_encode(letter, w->bytes + w->used);
  w->starts[++w->units] = w->used;
  count_ending_here(a, w->units);
  slide(a);
}

/* White space in a row is one blank; alone it is what it is. */
static void end_spaces(struct quern_analyzer *a) {
  if (a->spaces)
    add_letter(a, a->spaces > 1 ? ' ' : a->first_space);
  a->spaces = 0;
}

static void char_letter(struct quern_analyzer *a, uint32_t letter) {
  if (!(quern_letter_of(letter)->flags & QUERN_LETTER_SPACE)) {
    end_spaces(a);
    add_letter(a, letter);
  } else if (a->spaces++ == 0) {
    a->first_space = letter;
  }
}

/* A word of fewer letters than the shortest n-gram, its blanks included, counts as one. */
static void end_padded(struct quern_analyzer *a) {
  struct quern_window *w = &a->window;
  if (!a->letters)
    return;
  add_letter(a, ' ');
  if (a->letters < a->least_n && w->used <= a->longest)
    count(a, w->bytes, w->used);
  a->letters = w->units = w->used = 0;
}

static void padded_letter(struct quern_analyzer *a, uint32_t letter) {
  if (quern_letter_of(letter)->flags & QUERN_LETTER_SPACE) {
    end_padded(a);
    return;
  }
  if (!a->letters)
    add_letter(a, ' ');
  add_letter(a, letter);
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

void quern_analyze(struct quern_analyzer *a, const quern_string *text) {
  static const struct {
    void (*letter)(struct quern_analyzer *, uint32_t);
    void (*end)(struct quern_analyzer *);
  } kinds[] = {[QUERN_ANALYZER_WORD] = {word_letter, end_word},
               [QUERN_ANALYZER_CHAR] = {char_letter, end_spaces},
               [QUERN_ANALYZER_CHAR_WB] = {padded_letter, end_padded}};
  const char *at = text->data, *begin = at, *end = text->size ? at + text->size : at;
  a->bag.distinct = 0;
  a->letters = a->spaces = 0;
  a->window.units = a->window.used = 0;
  a->window.starts[0] = 0;
  while (at < end) {
    if (a->kind == QUERN_ANALYZER_WORD && (at = word_ascii(a, at, end)) == end)
      break;
    const char *from = at;
    uint32_t lower[QUERN_MOST_LOWER];
    lower[0] = quern_decode(&at, end);
    int letters = a->lowercase ? quern_lower(lower[0], begin, from, at, end, lower) : 1;
    for (int i = 0; i < letters; ++i)
      kinds[a->kind].letter(a, lower[i]);
  }
  kinds[a->kind].end(a);
}
