#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "net/socket.h"

namespace sluice::net {
namespace {

std::string describe(int error) {
  char text[128] = "";
  return strerror_r(error, text, sizeof text);
}

std::vector<Endpoint> lookUp(const Address& address, int flags, int& error) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  error = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::vector<Endpoint> endpoints;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    endpoints.emplace_back(reinterpret_cast<const char*>(at->ai_addr), at->ai_addrlen);
  }
  return endpoints;
}

}  // namespace

std::vector<Endpoint> numericEndpoints(const Address& address) {
  int error = 0;
  return lookUp(address, AI_NUMERICHOST, error);
}

std::vector<Endpoint> resolveEndpoints(const Address& address) {
  int error = 0;
  std::vector<Endpoint> endpoints = lookUp(address, AI_ADDRCONFIG, error);
  if (error != 0) throw NetError("cannot find the address of \"" + address.host + "\": " + gai_strerror(error));
  return endpoints;
}

struct Socket::State {
  int descriptor = -1;
};

struct Poller::State {
  int event = -1;
};

Socket::Socket(const Endpoint& endpoint, Poller&) : state_(std::make_unique<State>()) {
  sockaddr_storage address{};
  std::memcpy(&address, endpoint.data(), std::min(endpoint.size(), sizeof address));
  const int descriptor = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw NetError("cannot create a socket: " + describe(errno));
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(endpoint.size())) != 0 &&
      errno != EINPROGRESS) {
    const int error = errno;
    close(descriptor);
    throw NetError(describe(error));
  }
  state_->descriptor = descriptor;
}

Socket::~Socket() {
  close(state_->descriptor);
}

bool Socket::finishConnecting() {
  pollfd entry{state_->descriptor, POLLOUT, 0};
  if (poll(&entry, 1, 0) <= 0) return false;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(state_->descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) throw NetError(describe(error));
  return true;
}

std::size_t Socket::read(std::string& into) {
  char buffer[kReadSize];
  const ssize_t count = recv(state_->descriptor, buffer, sizeof buffer, 0);
  if (count == 0) throw NetError("the server has closed the connection");
  if (count < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return 0;
    throw NetError("the connection was lost: " + describe(errno));
  }
  into.append(buffer, static_cast<std::size_t>(count));
  return static_cast<std::size_t>(count);
}

std::size_t Socket::write(std::string_view bytes) {
  const ssize_t count = send(state_->descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return 0;
  throw NetError("the connection was lost: " + describe(errno));
}

Poller::Poller() : state_(std::make_unique<State>()) {
  state_->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (state_->event < 0) throw NetError("cannot create an event descriptor: " + describe(errno));
}

Poller::~Poller() {
  close(state_->event);
}

void Poller::wake() {
  const std::uint64_t one = 1;
  // it fails only if a wake is already pending
  [[maybe_unused]] const ssize_t written = ::write(state_->event, &one, sizeof one);
}

void Poller::wait(Socket* socket, bool forReading, bool forWriting, Milliseconds time) {
  const int events = (forReading ? POLLIN : 0) | (forWriting ? POLLOUT : 0);
  // an entry without events would report POLLHUP repeatedly
  const int descriptor = socket != nullptr && events != 0 ? socket->state_->descriptor : -1;
  pollfd entries[] = {{state_->event, POLLIN, 0}, {descriptor, static_cast<short>(events), 0}};
  const auto timeout = std::min<Milliseconds::rep>(time.count(), std::numeric_limits<int>::max());
  poll(entries, 2, static_cast<int>(timeout));
  std::uint64_t wakes = 0;
  [[maybe_unused]] const ssize_t count = ::read(state_->event, &wakes, sizeof wakes);
}

}  // namespace sluice::net
