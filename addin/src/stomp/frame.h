// A STOMP 1.2 frame (https://stomp.github.io/stomp-specification-1.2.html).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::stomp {

struct Frame {
  std::string command;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /** The value of a header, or empty. */
  std::string_view header(std::string_view name) const;
  bool has(std::string_view name) const;
};

/** The bytes of a frame; `content-length` is added to any frame with a body. */
std::string serialize(const Frame& frame);

/** CONNECT and CONNECTED are not escaped, so that 1.0 parsers understand them. */
bool isEscaped(std::string_view command);

}  // namespace sluice::stomp
