// Non-blocking TCP, and the only function in which the network thread sleeps. Implemented per system.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/clock.h"
#include "net/error.h"

namespace sluice::net {

/** A resolved address in the form of the system. */
using Endpoint = std::string;

/** Reads numeric addresses without waiting. Returns an empty list if the host is a name. */
std::vector<Endpoint> numericEndpoints(const Address& address);

/** Calls the resolver of the system, which may block for a long time. Throws NetError. */
std::vector<Endpoint> resolveEndpoints(const Address& address);

class Poller;

class Socket {
 public:
  /** Begins to connect. Throws NetError. */
  Socket(const Endpoint& endpoint, Poller& poller);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /** Returns whether the connection is established. Throws NetError if it was refused. */
  bool finishConnecting();

  /** Appends at most `kReadSize` received bytes and returns their number, 0 if there are none. Throws NetError at the
   * end of the connection. */
  std::size_t read(std::string& into);

  /** Returns the number of bytes that the system has taken, which may be 0. Throws NetError. */
  std::size_t write(std::string_view bytes);

  static constexpr std::size_t kReadSize = 64U << 10U;

 private:
  friend class Poller;
  struct State;
  std::unique_ptr<State> state_;
};

class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /** Ends the current wait, or the next one. May be called on any thread. */
  void wake();

  /** Sleeps until the socket may be ready, `wake` is called or the time is over. The socket is optional. */
  void wait(Socket* socket, bool forReading, bool forWriting, Milliseconds time);

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace sluice::net
