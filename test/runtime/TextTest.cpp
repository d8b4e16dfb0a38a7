#include "text/text.h"
#include "text/table.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

using Groups = std::vector<std::vector<std::string>>;

/// A table as the compiler makes it.
std::vector<uint64_t> makeTable(const Groups &groups) {
  std::vector<uint64_t> starts = {0}, offsets = {0};
  std::string bytes;
  uint64_t longest = 0;
  for (const auto &group : groups) {
    for (const std::string &key : group) {
      bytes += key;
      offsets.push_back(bytes.size());
      longest = std::max<uint64_t>(longest, key.size());
    }
    starts.push_back(offsets.size() - 1);
  }
  uint64_t entries = offsets.size() - 1, slots = 1;
  while (slots < 2 * entries + 2)
    slots *= 2;
  std::vector<uint64_t> table = {entries, groups.size(), slots, longest};
  table.insert(table.end(), starts.begin(), starts.end());
  table.insert(table.end(), offsets.begin(), offsets.end());
  size_t first = table.size();
  table.resize(first + slots);
  for (uint64_t group = 0; group < groups.size(); ++group)
    for (uint64_t i = 0; i < groups[group].size(); ++i) {
      const std::string &key = groups[group][i];
      uint64_t hash = quern_hash(key.data(), key.size(), group), at = hash & (slots - 1);
      while (table[first + at])
        at = (at + 1) & (slots - 1);
      table[first + at] = hash >> 32 << 32 | (starts[group] + i + 1);
    }
  size_t words = table.size();
  table.resize(words + (bytes.size() + 7) / 8);
  memcpy(table.data() + words, bytes.data(), bytes.size());
  return table;
}

/// The runtime's strings of texts, which stay alive.
std::vector<quern_string> views(const std::vector<std::string> &texts) {
  std::vector<quern_string> result;
  for (const std::string &text : texts)
    result.push_back({text.empty() ? nullptr : text.data(), text.size()});
  return result;
}

int32_t launch(quern_kernel kernel, std::vector<const void *> buffers, const std::vector<int64_t> &parameters,
               int64_t tasks, std::vector<uint32_t> *scratch = nullptr) {
  quern_launch launch = {buffers.data(), parameters.data(), 0, tasks, scratch ? scratch->data() : nullptr};
  return kernel(&launch);
}

/// How often each of `terms` is in each of `texts`, after other texts have used the scratch.
std::vector<double> count(const std::vector<std::string> &terms, const std::vector<std::string> &texts,
                          int64_t analyzer, int64_t leastN, int64_t mostN, int64_t longest) {
  std::vector<uint64_t> table = makeTable({terms});
  std::vector<quern_string> strings = views(texts);
  std::vector<double> result(texts.size() * terms.size(), -1);
  int64_t number = int64_t(terms.size()), rows = int64_t(texts.size());
  std::vector<int64_t> parameters(QUERN_TERMS_PARAMETERS);
  parameters[QUERN_TERMS_STEP] = 2;
  parameters[QUERN_TERMS_ROWS] = rows;
  parameters[QUERN_TERMS_ANALYZER] = analyzer;
  parameters[QUERN_TERMS_LEAST_N] = leastN;
  parameters[QUERN_TERMS_MOST_N] = mostN;
  parameters[QUERN_TERMS_LEAST_LETTERS] = 1;
  parameters[QUERN_TERMS_LONGEST] = longest;
  parameters[QUERN_TERMS_LOWERCASE] = 1;
  parameters[QUERN_TERMS_COUNT] = parameters[QUERN_TERMS_OUTPUTS] = number;
  // Exactly what the compiler asks for: a sanitizer sees what goes beyond.
  std::vector<uint32_t> scratch((QUERN_TERMS_SCRATCH(number, mostN, std::max<int64_t>(longest, 4)) + 3) / 4, 0xdeadbeef);
  EXPECT_EQ(launch(quern_text_terms, {strings.data(), table.data(), result.data()}, parameters, (rows + 1) / 2, &scratch),
            QUERN_KERNEL_OK);
  return result;
}

} // namespace

TEST(Table, FindsEveryKeyInItsGroupAlone) {
  Groups groups(3);
  for (int i = 0; i < 3000; ++i) // of every length up to 40 bytes
    groups[i % 2].push_back(std::string(i % 41, char('a' + i % 7)) + std::to_string(i / 41));
  groups[2] = {"", std::string("\0", 1), "a"};
  std::vector<uint64_t> memory = makeTable(groups);
  auto *table = reinterpret_cast<const quern_table *>(memory.data());
  for (uint64_t group = 0; group < 3; ++group)
    for (size_t i = 0; i < groups[group].size(); ++i) {
      const std::string &key = groups[group][i];
      EXPECT_EQ(quern_table_find(table, group, key.data(), key.size()), int64_t(i)) << key;
      EXPECT_EQ(quern_table_find(table, group == 0, key.data(), key.size()), -1) << key;
    }
  EXPECT_EQ(quern_table_find(table, 2, nullptr, 0), 0);
  EXPECT_EQ(quern_table_find(table, 2, "b", 1), -1);
}

TEST(Lookup, ColumnsHaveTheirOwnKeys) {
  std::vector<uint64_t> table = makeTable({{"a", "b"}, {"b", "c", "a"}});
  const std::vector<std::string> texts = {"a", "a", "b", "b", "c", "c", "", "b"};
  std::vector<quern_string> keys = views(texts);
  std::vector<int64_t> numbers(8, 7);
  std::vector<int64_t> parameters = {3, 8, QUERN_KEY_STRING, 0};
  EXPECT_EQ(launch(quern_text_lookup, {keys.data(), table.data(), numbers.data()}, parameters, 3), QUERN_KERNEL_OK);
  EXPECT_EQ(numbers, (std::vector<int64_t>{0, 2, 1, 0, -1, 1, -1, 0}));
  parameters[QUERN_LOOKUP_REQUIRED] = 1;
  EXPECT_EQ(launch(quern_text_lookup, {keys.data(), table.data(), numbers.data()}, parameters, 1), QUERN_KERNEL_OK);
  EXPECT_EQ(launch(quern_text_lookup, {keys.data(), table.data(), numbers.data()}, parameters, 3),
            QUERN_KERNEL_UNKNOWN | 0 << 8);
}

TEST(Lookup, NumbersAreTheirValues) {
  double values[] = {0.0, 1.5, std::numeric_limits<double>::quiet_NaN()};
  std::vector<std::string> keys;
  for (double value : values)
    keys.emplace_back(reinterpret_cast<char *>(&value), sizeof value);
  std::vector<uint64_t> table = makeTable({keys});
  std::vector<double> given = {-0.0, -std::nan("7"), 1.5, -1.5};
  std::vector<int64_t> numbers(4);
  EXPECT_EQ(launch(quern_text_lookup, {given.data(), table.data(), numbers.data()}, {4, 4, QUERN_KEY_F64, 0}, 1),
            QUERN_KERNEL_OK);
  EXPECT_EQ(numbers, (std::vector<int64_t>{0, 2, 1, -1}));
}

TEST(Pick, GivesKeysOrTheOthers) {
  std::vector<uint64_t> table = makeTable({{"a", "bc"}, {"d"}});
  std::vector<int64_t> numbers = {2, 1, -1, 3};
  const std::vector<std::string> texts = {"w", "x", "y", "z"};
  std::vector<quern_string> others = views(texts), strings(4);
  EXPECT_EQ(launch(quern_text_pick, {numbers.data(), table.data(), others.data(), strings.data()}, {4, 4, 1}, 1),
            QUERN_KERNEL_OK);
  std::string joined;
  for (const quern_string &string : strings)
    joined += std::string(string.data, string.size) + ",";
  EXPECT_EQ(joined, "d,bc,y,z,");
  EXPECT_EQ(launch(quern_text_pick, {numbers.data(), table.data(), strings.data()}, {4, 4, 0}, 1), QUERN_KERNEL_INDEX);
}

TEST(Terms, AreCounted) {
  EXPECT_EQ(count({"ab", "c", "ab c"}, {"AB c, ab  c", "", "abc"}, QUERN_ANALYZER_WORD, 1, 2, 4),
            (std::vector<double>{2, 2, 2, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(count({"a", "aa", " "}, {"aaa  a", "\t", "b"}, QUERN_ANALYZER_CHAR, 1, 2, 2),
            (std::vector<double>{4, 2, 1, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(count({" a ", " ab", "b "}, {"a ab"}, QUERN_ANALYZER_CHAR_WB, 3, 3, 3), (std::vector<double>{1, 1, 0}));
}

/// Any bytes are a text: nothing outside of it, of the scratch and of the result is touched, and counts are the same when
/// the scratch has seen other texts.
TEST(Terms, AnyBytesAreAText) {
  std::mt19937 engine(1);
  const std::string pieces[] = {"a", "B", " ", "\xce\xa3", "\xc4\xb0", "\xf0\x9f\x98\x80", "\xff", "\xe2\x82", "\x80", std::string("\0", 1)};
  std::vector<std::string> texts;
  for (int i = 0; i < 400; ++i) {
    std::string text;
    for (unsigned length = engine() % 60; length > 0; --length)
      text += i % 2 ? pieces[engine() % std::size(pieces)] : std::string(1, char(engine()));
    texts.push_back(text);
  }
  std::vector<std::string> terms = {"a", "b", "ab", "\xcf\x83", "\xcf\x82", "\xef\xbf\xbd", " a", "b a", "aab"};
  for (int64_t analyzer : {QUERN_ANALYZER_WORD, QUERN_ANALYZER_CHAR, QUERN_ANALYZER_CHAR_WB})
    for (int64_t mostN : {1, 2, 5})
      for (int64_t longest : {0, 1, 3}) {
        std::vector<double> all = count(terms, texts, analyzer, 1, mostN, longest);
        for (size_t i = 0; i < texts.size(); i += 50) {
          std::vector<double> alone = count(terms, {texts[i]}, analyzer, 1, mostN, longest);
          EXPECT_EQ(alone, std::vector<double>(all.begin() + i * terms.size(), all.begin() + (i + 1) * terms.size()));
        }
      }
}
