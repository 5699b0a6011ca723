// TCP without blocking, and the one place where the network thread sleeps. Implemented per system.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/clock.h"
#include "net/error.h"

namespace sluice::net {

/** One resolved address, as the system keeps it. */
using Endpoint = std::string;

/** Only numeric addresses; never waits. Empty when the host is a name. */
std::vector<Endpoint> numericEndpoints(const Address& address);

/** Asks the system's resolver, however long that takes. Throws NetError. */
std::vector<Endpoint> resolveEndpoints(const Address& address);

class Poller;

class Socket {
 public:
  /** Begins to connect. Throws NetError. */
  Socket(const Endpoint& endpoint, Poller& poller);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /** Is the connection made? Throws NetError when it was refused. */
  bool finishConnecting();

  /** Appends what has arrived, at most `kReadSize` bytes. Gives the count; 0 when there is nothing now. Throws NetError
   * at the end. */
  std::size_t read(std::string& into);

  /** Gives how many bytes the system has taken, which may be 0. Throws NetError. */
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

  /** Ends the present wait, or the next one. May be called on any thread. */
  void wake();

  /** Sleeps until the socket may be ready, `wake` is called or the time is over. Without a socket only the last two. */
  void wait(Socket* socket, bool forReading, bool forWriting, Milliseconds time);

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace sluice::net
