// Reads JSON of golden frames and of the component.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace test {

struct Json {
  enum class Kind { null, boolean, number, text, array, object };

  Kind kind = Kind::null;
  bool flag = false;
  double number = 0;
  std::string text;
  std::vector<Json> items;
  std::map<std::string, Json> members;

  bool has(const std::string& key) const { return members.count(key) > 0; }
  /** Throws if there is no such member. */
  const Json& operator[](const std::string& key) const;
};

/** Throws std::runtime_error if the text is not exactly one JSON value. */
Json parseJson(std::string_view text);

std::string fromBase64(std::string_view text);

}  // namespace test
