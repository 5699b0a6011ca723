// Resolves names to addresses without delaying the end of a component.
#pragma once

#include <functional>

#include "net/socket.h"

namespace sluice::net {

/**
 * Resolves on a separate thread, because getaddrinfo cannot be cancelled. Throws NetError, also when `stopped` returns
 * true or the deadline passes; the library then stays loaded until that thread has ended.
 */
std::vector<Endpoint> resolve(const Address& address, Clock::time_point deadline, Poller& poller,
                              const std::function<bool()>& stopped);

}  // namespace sluice::net
