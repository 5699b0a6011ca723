// One connection to one server, with or without TLS. Used by the network thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/socket.h"
#include "net/tls.h"

namespace sluice::net {

class Link {
 public:
  /**
   * Resolves the name, connects and completes the TLS handshake; tries the addresses of a name one after another.
   * Throws NetError, also when `stopped` returns true or the deadline has passed.
   */
  Link(const Address& address, const TlsOptions& tls, Clock::time_point deadline, Poller& poller,
       const std::function<bool()>& stopped);

  /** Appends received bytes. Returns false if there are none. Throws NetError at the end of the connection. */
  bool receive(std::string& into);

  /** Accepts bytes for sending; `flush` sends as many as the system takes. */
  void send(std::string_view bytes);
  void flush();
  std::size_t unsent() const { return outgoing_.size() - sent_; }

  /** Sleeps until the socket is ready, the poller is woken or the time is over. */
  void wait(bool forReading, Milliseconds time) { poller_.wait(socket_.get(), forReading, unsent() > 0, time); }

 private:
  void connect(const Endpoint& endpoint, Clock::time_point deadline, const std::function<bool()>& stopped);
  void secure(Clock::time_point deadline, const std::function<bool()>& stopped);
  std::size_t readGreeting();

  Poller& poller_;
  std::unique_ptr<Socket> socket_;
  std::unique_ptr<TlsFilter> tls_;
  std::string cipher_;  // received, to be decrypted
  std::string early_;   // decrypted during the handshake
  std::string outgoing_;
  std::size_t sent_ = 0;
};

}  // namespace sluice::net
