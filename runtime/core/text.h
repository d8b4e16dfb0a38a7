/* The text of a context's last error: a fixed buffer, since an error must not need memory. */
#ifndef QUERN_CORE_TEXT_H
#define QUERN_CORE_TEXT_H

#include <stdarg.h>
#include <stdint.h>

struct quern_text {
  uint32_t length;
  char characters[1020];
};

void quern_text_clear(struct quern_text *text);
/* Writes `format` with %s and %lld expanded; nothing else is, and no locale is asked. Control characters become '?' (a
 * name in a model may hold a line feed, the text is one line); what does not fit ends in "...". */
void quern_text_format(struct quern_text *text, const char *format, va_list arguments);
/* The same for a format that comes from elsewhere: three integers, and only %lld is expanded. */
void quern_text_integers(struct quern_text *text, const char *format, const int64_t integers[3]);

#endif
