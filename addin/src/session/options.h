#pragma once

#include <string>
#include <vector>

#include "net/address.h"
#include "net/clock.h"
#include "net/tls.h"

namespace sluice::session {

/** How to reach the server, and as whom. */
struct Options {
  std::vector<net::Address> servers;
  std::string user;
  std::string clientId;
  /** The header `host` of CONNECT; empty: the name of the server. */
  std::string virtualHost;
  net::TlsOptions tls;
  /** What we offer and ask for; 0 switches heart-beats off. */
  net::Milliseconds heartbeat{10'000};
  /** To connect, to shake hands and to be answered with CONNECTED. */
  net::Milliseconds connectTimeout{10'000};
  /** Before the second attempt; each further pause is twice as long, up to sixty times this. */
  net::Milliseconds reconnectDelay{500};
  std::size_t maxFrame = 4U << 20U;
};

}  // namespace sluice::session
