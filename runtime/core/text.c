#include "core/text.h"
#include <stdbool.h>
#include <string.h>

static void append_character(struct quern_text *text, char character) {
  uint32_t capacity = sizeof(text->characters) - 1;
  if (text->length < capacity) {
    bool is_control = (unsigned char)character < 0x20 || character == 0x7f;
    text->characters[text->length++] = is_control ? '?' : character;
    text->characters[text->length] = 0;
    return;
  }
  /* Full. Cut before a whole UTF-8 character, so that the text stays valid. */
  uint32_t cut = capacity - 3;
  while (cut && ((unsigned char)text->characters[cut] & 0xc0) == 0x80)
    --cut;
  memcpy(text->characters + cut, "...", 4);
}

static void append_string(struct quern_text *text, const char *string) {
  for (const char *character = string; *character; ++character)
    append_character(text, *character);
}

static void append_integer(struct quern_text *text, int64_t value) {
  char digits[20];
  int count = 0;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do
    digits[count++] = (char)('0' + rest % 10);
  while (rest /= 10);
  if (value < 0)
    append_character(text, '-');
  while (count)
    append_character(text, digits[--count]);
}

static bool is_integer(const char *format) { return strncmp(format, "%lld", 4) == 0; }

void quern_text_clear(struct quern_text *text) {
  text->length = 0;
  text->characters[0] = 0;
}

void quern_text_format(struct quern_text *text, const char *format, va_list arguments) {
  quern_text_clear(text);
  while (*format) {
    if (format[0] == '%' && format[1] == 's') {
      append_string(text, va_arg(arguments, const char *));
      format += 2;
    } else if (is_integer(format)) {
      append_integer(text, va_arg(arguments, long long));
      format += 4;
    } else {
      append_character(text, *format++);
    }
  }
}

void quern_text_integers(struct quern_text *text, const char *format, const int64_t integers[3]) {
  int used = 0;
  quern_text_clear(text);
  while (*format) {
    if (used < 3 && is_integer(format)) {
      append_integer(text, integers[used++]);
      format += 4;
    } else {
      append_character(text, *format++);
    }
  }
}
