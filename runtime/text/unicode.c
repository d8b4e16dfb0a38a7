#include "text/unicode.h"
#include <stddef.h>

/* static const quern_letter letters[]; static const uint8_t blocks[][256]; static const uint16_t block_of[];
 * static const uint32_t expanded[][1 + QUERN_MOST_LOWER]; */
#include "unicode-tables.inc"

enum { CAPITAL_SIGMA = 0x3a3, SMALL_SIGMA = 0x3c3, FINAL_SIGMA = 0x3c2, REPLACEMENT = 0xfffd, LAST = 0x10ffff };

const quern_letter *quern_letter_of(uint32_t letter) {
  return &letters[letter > LAST ? 0 : blocks[block_of[letter >> 8]][letter & 255]];
}

/* The bytes behind the first one, and the least letter that needs them: shorter forms are the only ones. */
static int followers(uint8_t byte, uint32_t *least) {
  if (byte >= 0xc2 && byte < 0xe0)
    return *least = 0x80, 1;
  if (byte >= 0xe0 && byte < 0xf0)
    return *least = 0x800, 2;
  if (byte >= 0xf0 && byte < 0xf5)
    return *least = 0x10000, 3;
  return -1;
}

uint32_t quern_decode(const char **at, const char *end) {
  const uint8_t *bytes = (const uint8_t *)*at;
  uint32_t letter = bytes[0], least;
  *at += 1;
  if (letter < 0x80)
    return letter;
  int more = followers(bytes[0], &least);
  if (more < 0 || end - *at < more)
    return REPLACEMENT;
  letter &= 0x3fu >> more;
  for (int i = 1; i <= more; ++i) {
    if ((bytes[i] & 0xc0) != 0x80)
      return REPLACEMENT;
    letter = letter << 6 | (bytes[i] & 0x3f);
  }
  if (letter < least || letter > LAST || (letter >= 0xd800 && letter < 0xe000))
    return REPLACEMENT;
  *at += more;
  return letter;
}

uint32_t quern_decode_back(const char *begin, const char **at) {
  const char *last = *at;
  for (int length = 1; length <= 4 && last - begin >= length; ++length) {
    const char *from = last - length, *to = from;
    if (((uint8_t)*from & 0xc0) == 0x80)
      continue;
    uint32_t letter = quern_decode(&to, last);
    if (to != last)
      break;
    *at = from;
    return letter;
  }
  *at = last - 1;
  return REPLACEMENT;
}

uint32_t quern_encode(uint32_t letter, char *to) {
  if (letter < 0x80)
    return to[0] = (char)letter, 1;
  uint32_t more = letter < 0x800 ? 1 : letter < 0x10000 ? 2 : 3;
  static const uint8_t heads[] = {0, 0xc0, 0xe0, 0xf0};
  for (uint32_t i = more; i; --i, letter >>= 6)
    to[i] = (char)(0x80 | (letter & 0x3f));
  to[0] = (char)(heads[more] | letter);
  return more + 1;
}

/* A sigma is final behind a cased letter and before none, ignorable ones left out. */
static bool is_final(const char *begin, const char *from, const char *to, const char *end) {
  uint8_t flags = QUERN_LETTER_IGNORABLE;
  while (from > begin && flags & QUERN_LETTER_IGNORABLE)
    flags = quern_letter_of(quern_decode_back(begin, &from))->flags;
  if (flags & QUERN_LETTER_IGNORABLE || !(flags & QUERN_LETTER_CASED))
    return false;
  flags = QUERN_LETTER_IGNORABLE;
  while (to < end && flags & QUERN_LETTER_IGNORABLE)
    flags = quern_letter_of(quern_decode(&to, end))->flags;
  return flags & QUERN_LETTER_IGNORABLE || !(flags & QUERN_LETTER_CASED);
}

int quern_lower(uint32_t letter, const char *begin, const char *from, const char *to, const char *end,
                uint32_t lower[QUERN_MOST_LOWER]) {
  if (letter == CAPITAL_SIGMA)
    return lower[0] = is_final(begin, from, to, end) ? FINAL_SIGMA : SMALL_SIGMA, 1;
  const quern_letter *known = quern_letter_of(letter);
  if (!(known->flags & QUERN_LETTER_EXPANDS))
    return lower[0] = letter + (uint32_t)known->lower, 1;
  int count = 0;
  for (size_t row = 0; row < sizeof expanded / sizeof expanded[0]; ++row)
    if (expanded[row][0] == letter)
      for (; count < QUERN_MOST_LOWER && expanded[row][1 + count]; ++count)
        lower[count] = expanded[row][1 + count];
  return count;
}
