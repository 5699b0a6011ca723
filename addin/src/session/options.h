#pragma once

#include <string>
#include <vector>

#include "net/address.h"
#include "net/clock.h"
#include "net/tls.h"

namespace sluice::session {

/** Options of the connection. */
struct Options {
  std::vector<net::Address> servers;
  std::string user;
  std::string clientId;
  /** Header `host` of CONNECT; empty: the name of the server. */
  std::string virtualHost;
  net::TlsOptions tls;
  /** Heart-beat interval that the client offers and requests; 0 disables heart-beats. */
  net::Milliseconds heartbeat{10'000};
  /** Time for connecting, the TLS handshake and CONNECTED. */
  net::Milliseconds connectTimeout{10'000};
  /** Pause before the second attempt; each further pause is twice as long, up to sixty times this. */
  net::Milliseconds reconnectDelay{500};
  std::size_t maxFrame = 4U << 20U;
};

}  // namespace sluice::session
