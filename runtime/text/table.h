/* A vocabulary as the compiler lays it out among a model's weights, and how it is searched. Both sides include this file:
 * the compiler, which makes tables, and the kernels of this folder.
 *
 * A table has `entries` keys, which are bytes, in `groups` groups that know nothing of each other: columns that have
 * vocabularies of their own, or terms and stop words. Keys are numbered from 0 in each group.
 *
 *   quern_table           header
 *   uint64_t starts[]     groups + 1: the first entry of each group, then `entries`
 *   uint64_t offsets[]    entries + 1: where each key begins in `bytes`, then their number
 *   uint64_t slots[]      hash tag << 32 | entry + 1, or 0; open addressing, linear probing
 *   char bytes[]
 */
#ifndef QUERN_TEXT_TABLE_H
#define QUERN_TEXT_TABLE_H

#include <stdint.h>
#include <string.h>

/* At a multiple of 8 bytes. */
typedef struct quern_table {
  uint64_t entries, groups;
  uint64_t slots;   /* a power of 2, more than the entries */
  uint64_t longest; /* bytes of the longest key */
} quern_table;

static inline const uint64_t *quern_table_starts(const quern_table *table) { return (const uint64_t *)(table + 1); }
static inline const uint64_t *quern_table_offsets(const quern_table *table) {
  return quern_table_starts(table) + table->groups + 1;
}
static inline const uint64_t *quern_table_slots(const quern_table *table) {
  return quern_table_offsets(table) + table->entries + 1;
}
static inline const char *quern_table_bytes(const quern_table *table) {
  return (const char *)(quern_table_slots(table) + table->slots);
}

static inline uint64_t quern_hash_mix(uint64_t a, uint64_t b) {
  __extension__ typedef unsigned __int128 wide;
  wide product = (wide)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t quern_hash_word(const char *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

static inline uint64_t quern_hash_half(const char *at) {
  uint32_t half;
  memcpy(&half, at, sizeof half);
  return half;
}

/* Products of 64 x 64 bits folded in two, as wyhash does; the tail is read as words that overlap. */
static inline uint64_t quern_hash(const char *key, uint64_t size, uint64_t group) {
  const uint64_t k0 = 0x9e3779b97f4a7c15u, k1 = 0xd6e8feb86659fd93u;
  uint64_t hash = (group + 1) * k0 ^ size;
  const char *end = key + size;
  for (; (uint64_t)(end - key) > 8; key += 8)
    hash = quern_hash_mix(hash ^ quern_hash_word(key), k1);
  uint64_t rest = (uint64_t)(end - key), tail = 0;
  if (rest >= 4)
    tail = quern_hash_half(key) << 32 | quern_hash_half(end - 4);
  else if (rest)
    tail = (uint64_t)(uint8_t)key[0] << 16 | (uint64_t)(uint8_t)key[rest >> 1] << 8 | (uint8_t)end[-1];
  return quern_hash_mix(hash ^ tail, k0);
}

/* The number of a key in its group, -1 where it has none. */
static inline int64_t quern_table_find(const quern_table *table, uint64_t group, const char *key, uint64_t size) {
  const uint64_t *starts = quern_table_starts(table), *offsets = quern_table_offsets(table),
                 *slots = quern_table_slots(table);
  key = size ? key : ""; /* which may be null then */
  uint64_t hash = quern_hash(key, size, group), mask = table->slots - 1;
  for (uint64_t at = hash & mask; slots[at]; at = (at + 1) & mask) {
    if (slots[at] >> 32 != hash >> 32)
      continue;
    uint64_t entry = (uint32_t)slots[at] - 1, first = offsets[entry];
    if (offsets[entry + 1] - first == size && entry >= starts[group] && entry < starts[group + 1] &&
        memcmp(quern_table_bytes(table) + first, key, size) == 0)
      return (int64_t)(entry - starts[group]);
  }
  return -1;
}

#endif
