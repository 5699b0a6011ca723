// The arguments of a call, read strictly: a wrong type becomes the text of an exception in 1C, never a crash.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "component/value.h"

namespace sluice::component {

/** What the code in 1C did wrong, or what could not be done for it: thrown there as an exception with this text. */
class CallError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/** `what` names the value in the error. A number may be given as a string, and the other way round. */
std::string asText(const Value& value, const std::string& what);
/** A count, a size or a time: at most 2^31 - 1, whatever was given. */
std::int64_t asCount(const Value& value, const std::string& what);
bool asFlag(const Value& value, const std::string& what);
/** Text as UTF-8, or bytes as they are. */
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
