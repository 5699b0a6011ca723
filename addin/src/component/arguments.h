// Reads the arguments of a call. A wrong type becomes an exception with a text in 1C.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "component/value.h"

namespace sluice::component {

/** An error of the calling code or of the call. Code in 1C gets it as an exception with this text. */
class CallError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/** Returns the value as text. `what` names the value in the error. A number is converted to text. */
std::string asText(const Value& value, const std::string& what);
/** Returns a count, a size or a time. Values above 2^31 - 1 are reduced to it; digits in a text are accepted. */
std::int64_t asCount(const Value& value, const std::string& what);
bool asFlag(const Value& value, const std::string& what);
/** Returns text as UTF-8, or bytes unchanged. */
std::string asBody(const Value& value, const std::string& what);

class Arguments {
 public:
  explicit Arguments(std::vector<Value> values) : values_(std::move(values)) {}

  std::string text(std::size_t index) const { return asText(values_.at(index), name(index)); }
  std::int64_t count(std::size_t index) const { return asCount(values_.at(index), name(index)); }
  std::string body(std::size_t index) const { return asBody(values_.at(index), name(index)); }
  bool isBytes(std::size_t index) const { return std::holds_alternative<Bytes>(values_.at(index)); }

 private:
  static std::string name(std::size_t index) { return "parameter " + std::to_string(index + 1); }

  std::vector<Value> values_;
};

}  // namespace sluice::component
