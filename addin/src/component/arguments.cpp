#include "component/arguments.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace sluice::component {
namespace {

/** Larger values are reduced to this one, which fits into every clock and size. */
constexpr std::int64_t kLargestCount = std::numeric_limits<std::int32_t>::max();

[[noreturn]] void refuse(const std::string& what, const char* expected) {
  throw CallError(what + " must be " + expected);
}

}  // namespace

std::string asText(const Value& value, const std::string& what) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<std::int32_t>(&value)) return std::to_string(*number);
  refuse(what, "a string");
}

std::int64_t asCount(const Value& value, const std::string& what) {
  if (const auto* number = std::get_if<std::int32_t>(&value); number != nullptr && *number >= 0) return *number;
  if (const auto* number = std::get_if<double>(&value); number != nullptr && *number >= 0) {
    return static_cast<std::int64_t>(std::min(*number, static_cast<double>(kLargestCount)));
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    std::int64_t number = 0;
    const char* end = text->data() + text->size();
    const auto [stopped, error] = std::from_chars(text->data(), end, number);
    if (error == std::errc() && stopped == end && number >= 0) return std::min(number, kLargestCount);
  }
  refuse(what, "a number that is not negative");
}

bool asFlag(const Value& value, const std::string& what) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* number = std::get_if<std::int32_t>(&value)) return *number != 0;
  refuse(what, "a boolean");
}

std::string asBody(const Value& value, const std::string& what) {
  if (const auto* bytes = std::get_if<Bytes>(&value)) return bytes->data;
  if (std::holds_alternative<std::string>(value)) return std::get<std::string>(value);
  refuse(what, "a string or binary data");
}

}  // namespace sluice::component
