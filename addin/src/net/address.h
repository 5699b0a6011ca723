// Where a server is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::net {

struct Address {
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;

  /** As people write it: `host:port`. */
  std::string str() const;
};

/**
 * Reads `stomp://host:port`, `stomps://host:port` (TLS) or several of them with commas between. Without a scheme it is
 * `stomp`; the port is 61613, or 61614 with TLS, unless given. Throws std::invalid_argument, which says what is wrong.
 */
std::vector<Address> parseAddresses(std::string_view text);

}  // namespace sluice::net
