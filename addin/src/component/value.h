// A value of 1C outside the memory of the platform. Text is UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace sluice::component {

struct Bytes {
  std::string data;
};

using Value = std::variant<std::monostate, bool, std::int32_t, double, std::string, Bytes>;

}  // namespace sluice::component
