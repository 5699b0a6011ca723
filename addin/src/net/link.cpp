#include "net/link.h"

#include <utility>

#include "net/resolver.h"

namespace sluice::net {
namespace {

void checkGoingOn(Clock::time_point deadline, const std::function<bool()>& stopped) {
  if (stopped()) throw NetError("the client was stopped");
  if (Clock::now() >= deadline) throw NetError("no answer in time");
}

/** Returns the time for one address: a name may have several addresses, and a dead one must not use all the time. */
Clock::time_point shareOf(Clock::time_point deadline, std::size_t attemptsLeft) {
  return Clock::now() + until(deadline) / static_cast<int>(attemptsLeft);
}

}  // namespace

Link::Link(const Address& address, const TlsOptions& tls, Clock::time_point deadline, Poller& poller,
           const std::function<bool()>& stopped)
    : poller_(poller) {
  try {
    const std::vector<Endpoint> endpoints = resolve(address, deadline, poller, stopped);
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      try {
        connect(endpoints[i], shareOf(deadline, endpoints.size() - i), stopped);
        break;
      } catch (const NetError&) {
        if (i + 1 == endpoints.size() || stopped()) throw;
      }
    }
    if (!address.tls) return;
    tls_ = makeTlsFilter(address.host, tls);
    secure(deadline, stopped);
  } catch (const NetError& error) {
    throw NetError("cannot connect to " + address.str() + ": " + error.what());
  }
}

bool Link::receive(std::string& into) {
  if (!tls_) return socket_->read(into) > 0;
  bool something = !early_.empty();
  into += std::exchange(early_, {});
  cipher_.clear();
  if (socket_->read(cipher_) == 0) return something;
  tls_->decode(cipher_, into, outgoing_);
  return true;
}

void Link::send(std::string_view bytes) {
  if (tls_) {
    tls_->encode(bytes, outgoing_);
  } else {
    outgoing_ += bytes;
  }
}

void Link::flush() {
  while (unsent() > 0) {
    const std::size_t count = socket_->write(std::string_view(outgoing_).substr(sent_));
    if (count == 0) return;
    sent_ += count;
  }
  outgoing_.clear();
  sent_ = 0;
}

void Link::connect(const Endpoint& endpoint, Clock::time_point deadline, const std::function<bool()>& stopped) {
  socket_ = std::make_unique<Socket>(endpoint, poller_);
  while (!socket_->finishConnecting()) {
    checkGoingOn(deadline, stopped);
    poller_.wait(socket_.get(), false, true, until(deadline));
  }
}

void Link::secure(Clock::time_point deadline, const std::function<bool()>& stopped) {
  tls_->start(outgoing_);
  flush();
  while (!tls_->established()) {
    checkGoingOn(deadline, stopped);
    cipher_.clear();
    if (readGreeting() > 0) {
      tls_->decode(cipher_, early_, outgoing_);
      flush();
    } else {
      wait(true, until(deadline));
    }
  }
}

/** Adds a hint: a server that closes the connection after the first TLS message probably does not support TLS. */
std::size_t Link::readGreeting() {
  try {
    return socket_->read(cipher_);
  } catch (const NetError& error) {
    throw NetError(std::string(error.what()) + " during the TLS handshake: does the server use TLS at this port?");
  }
}

}  // namespace sluice::net
