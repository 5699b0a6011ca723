// Writes JSON for the code in 1C: one object, in the order in which its members are added.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::text {

class JsonObject {
 public:
  JsonObject& text(std::string_view key, std::string_view utf8);
  JsonObject& number(std::string_view key, std::uint64_t value);
  JsonObject& flag(std::string_view key, bool value);
  JsonObject& object(std::string_view key, const JsonObject& value);

  /** Returns the whole object. */
  std::string str() const { return "{" + members_ + "}"; }

 private:
  void key(std::string_view name);

  std::string members_;
};

}  // namespace sluice::text
