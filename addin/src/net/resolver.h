// Names to addresses, without a resolver that could hold up the end of a component.
#pragma once

#include <functional>

#include "net/socket.h"

namespace sluice::net {

/**
 * Resolves on a thread of its own, because getaddrinfo cannot be told to stop. Gives up when `stopped` says so or the
 * deadline passes; that thread then ends by itself, and the library stays loaded for it. Throws NetError.
 */
std::vector<Endpoint> resolve(const Address& address, Clock::time_point deadline, Poller& poller,
                              const std::function<bool()>& stopped);

}  // namespace sluice::net
