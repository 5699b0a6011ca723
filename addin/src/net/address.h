// The address of a server.
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

  /** Returns `host:port`. */
  std::string str() const;
};

/**
 * Reads `stomp://host:port`, `stomps://host:port` (TLS) or a list of them with commas. The default scheme is `stomp`,
 * the default port 61613, or 61614 with TLS. Throws std::invalid_argument with the reason.
 */
std::vector<Address> parseAddresses(std::string_view text);

}  // namespace sluice::net
