#include "component/arguments.h"

#include <charconv>
#include <cmath>

namespace sluice::component {
namespace {

constexpr double kLargestCount = 1e15;

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
  if (const auto* number = std::get_if<double>(&value); number != nullptr && *number >= 0 && *number <= kLargestCount) {
    return static_cast<std::int64_t>(*number);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    std::int64_t number = 0;
    const char* end = text->data() + text->size();
    const auto [stopped, error] = std::from_chars(text->data(), end, number);
    if (error == std::errc() && stopped == end && number >= 0) return number;
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
