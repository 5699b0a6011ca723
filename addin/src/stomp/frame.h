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

  /** Returns the value of a header, or an empty text. */
  std::string_view header(std::string_view name) const;
  bool has(std::string_view name) const;
};

/** Returns the bytes of a frame, with `content-length` if it has a body. */
std::string serialize(const Frame& frame);

/** Returns false for CONNECT and CONNECTED, which STOMP leaves unescaped for compatibility with version 1.0. */
bool isEscaped(std::string_view command);

}  // namespace sluice::stomp
