#include "server/tcp.h"

#if defined(_WIN32)
#include <winsock2.h>
using Length = int;
#else
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
using SOCKET = int;
using Length = socklen_t;
static int closesocket(int socket) {
  return close(socket);
}
#endif

#include <stdexcept>

namespace test {
namespace {

constexpr std::uintptr_t kNone = static_cast<std::uintptr_t>(-1);

SOCKET raw(std::uintptr_t socket) {
  return static_cast<SOCKET>(socket);
}

void useWinsock() {
#if defined(_WIN32)
  static const bool started = [] {
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
  }();
  if (!started) throw std::runtime_error("no Winsock");
#endif
}

bool readable(std::uintptr_t socket, int milliseconds) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(raw(socket), &set);
  timeval time{milliseconds / 1000, (milliseconds % 1000) * 1000};
  return select(static_cast<int>(socket) + 1, &set, nullptr, nullptr, &time) > 0;
}

}  // namespace

Tcp::Tcp(Tcp&& other) noexcept : socket_(other.socket_) {
  other.socket_ = kNone;
}

Tcp::~Tcp() {
  if (socket_ != kNone) closesocket(raw(socket_));
}

bool Tcp::receive(std::string& into, int milliseconds) {
  if (!readable(socket_, milliseconds)) return true;
  char buffer[65536];
  const auto count = recv(raw(socket_), buffer, sizeof buffer, 0);
  if (count <= 0) return false;
  into.append(buffer, static_cast<std::size_t>(count));
  return true;
}

bool Tcp::send(std::string_view bytes) {
#if defined(_WIN32)
  constexpr int kFlags = 0;
#else
  constexpr int kFlags = MSG_NOSIGNAL;
#endif
  while (!bytes.empty()) {
    const auto count = ::send(raw(socket_), bytes.data(), static_cast<Length>(bytes.size()), kFlags);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

TcpListener::TcpListener(std::uint16_t port) {
  useWinsock();
  socket_ = static_cast<std::uintptr_t>(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP));
  const int on = 1;
  setsockopt(raw(socket_), SOL_SOCKET, SO_REUSEADDR, reinterpret_cast<const char*>(&on), sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (bind(raw(socket_), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(raw(socket_), 64) != 0) {
    throw std::runtime_error("a test server cannot listen on port " + std::to_string(port));
  }
  Length length = sizeof address;
  getsockname(raw(socket_), reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
}

TcpListener::~TcpListener() {
  closesocket(raw(socket_));
}

std::optional<Tcp> TcpListener::accept(int milliseconds) {
  if (!readable(socket_, milliseconds)) return std::nullopt;
  const auto accepted = static_cast<std::uintptr_t>(::accept(raw(socket_), nullptr, nullptr));
  const int on = 1;
  setsockopt(raw(accepted), IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof on);
  return Tcp(accepted);
}

}  // namespace test
