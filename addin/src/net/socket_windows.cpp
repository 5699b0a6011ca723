#include <winsock2.h>
#include <ws2tcpip.h>

#include <cstring>

#include "net/socket.h"

namespace sluice::net {
namespace {

std::string describe(int error) {
  char* text = nullptr;
  const DWORD flags = FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
  // in English, because the code page of a localised text is unknown
  const DWORD language = MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US);
  const DWORD length =
      FormatMessageA(flags, nullptr, static_cast<DWORD>(error), language, reinterpret_cast<char*>(&text), 0, nullptr);
  std::string described(text != nullptr ? text : "", length);
  LocalFree(text);
  while (!described.empty() && std::strchr("\r\n .", described.back()) != nullptr) described.pop_back();
  return described.empty() ? "Windows error " + std::to_string(error) : described;
}

/** Windows counts the calls, so each caller may start Winsock. */
class WinsockUse {
 public:
  WinsockUse() {
    WSADATA data;
    const int error = WSAStartup(MAKEWORD(2, 2), &data);
    if (error != 0) throw NetError("cannot start Winsock: " + describe(error));
  }
  ~WinsockUse() { WSACleanup(); }
  WinsockUse(const WinsockUse&) = delete;
  WinsockUse& operator=(const WinsockUse&) = delete;
};

std::vector<Endpoint> lookUp(const Address& address, int flags, int& error) {
  const WinsockUse winsock;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  error = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) return {};
  std::vector<Endpoint> endpoints;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    endpoints.emplace_back(reinterpret_cast<const char*>(at->ai_addr), at->ai_addrlen);
  }
  freeaddrinfo(found);
  return endpoints;
}

}  // namespace

std::vector<Endpoint> numericEndpoints(const Address& address) {
  int error = 0;
  return lookUp(address, AI_NUMERICHOST, error);
}

std::vector<Endpoint> resolveEndpoints(const Address& address) {
  int error = 0;
  std::vector<Endpoint> endpoints = lookUp(address, 0, error);
  if (error != 0) throw NetError("cannot find the address of \"" + address.host + "\": " + describe(error));
  return endpoints;
}

// A WSA event loses no readiness of a socket, but reports each once. That is enough, because the network thread tries
// to read and write before it waits.
struct Socket::State {
  SOCKET socket = INVALID_SOCKET;
  bool connected = false;
  WSAEVENT event = nullptr;
};

struct Poller::State {
  WinsockUse winsock;
  WSAEVENT wakeEvent = nullptr;
  WSAEVENT socketEvent = nullptr;
};

Socket::Socket(const Endpoint& endpoint, Poller& poller) : state_(std::make_unique<State>()) {
  sockaddr_storage address{};
  std::memcpy(&address, endpoint.data(), std::min(endpoint.size(), sizeof address));
  const SOCKET socket = ::socket(address.ss_family, SOCK_STREAM, IPPROTO_TCP);
  if (socket == INVALID_SOCKET) throw NetError("cannot create a socket: " + describe(WSAGetLastError()));
  state_->socket = socket;
  state_->event = poller.state().socketEvent;
  const BOOL on = TRUE;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof on);
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, reinterpret_cast<const char*>(&on), sizeof on);
  SetHandleInformation(reinterpret_cast<HANDLE>(socket), HANDLE_FLAG_INHERIT, 0);
  WSAResetEvent(state_->event);
  // also makes the socket non-blocking
  WSAEventSelect(socket, state_->event, FD_CONNECT | FD_READ | FD_WRITE | FD_CLOSE);
  if (connect(socket, reinterpret_cast<const sockaddr*>(&address), static_cast<int>(endpoint.size())) != 0 &&
      WSAGetLastError() != WSAEWOULDBLOCK) {
    const int error = WSAGetLastError();
    closesocket(socket);
    throw NetError(describe(error));
  }
}

Socket::~Socket() {
  closesocket(state_->socket);
}

bool Socket::finishConnecting() {
  WSANETWORKEVENTS events{};
  WSAEnumNetworkEvents(state_->socket, nullptr, &events);
  if ((events.lNetworkEvents & FD_CONNECT) == 0) return false;
  const int error = events.iErrorCode[FD_CONNECT_BIT];
  if (error != 0) throw NetError(describe(error));
  state_->connected = true;
  return true;
}

std::size_t Socket::read(std::string& into) {
  char buffer[kReadSize];
  const int count = recv(state_->socket, buffer, sizeof buffer, 0);
  if (count == 0) throw NetError("the server has closed the connection");
  if (count < 0) {
    if (WSAGetLastError() == WSAEWOULDBLOCK) return 0;
    throw NetError("the connection was lost: " + describe(WSAGetLastError()));
  }
  into.append(buffer, static_cast<std::size_t>(count));
  return static_cast<std::size_t>(count);
}

std::size_t Socket::write(std::string_view bytes) {
  const int count =
      send(state_->socket, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1U << 20U)), 0);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (WSAGetLastError() == WSAEWOULDBLOCK) return 0;
  throw NetError("the connection was lost: " + describe(WSAGetLastError()));
}

Poller::Poller() : state_(std::make_unique<State>()) {
  state_->wakeEvent = WSACreateEvent();
  state_->socketEvent = WSACreateEvent();
}

Poller::~Poller() {
  WSACloseEvent(state_->wakeEvent);
  WSACloseEvent(state_->socketEvent);
}

void Poller::wake() {
  WSASetEvent(state_->wakeEvent);
}

void Poller::wait(Socket* socket, bool, bool, Milliseconds time) {
  const WSAEVENT events[] = {state_->wakeEvent, state_->socketEvent};
  const auto timeout = static_cast<DWORD>(std::min<Milliseconds::rep>(time.count(), 0x7FFFFFFF));
  WSAWaitForMultipleEvents(socket != nullptr ? 2 : 1, events, FALSE, timeout, FALSE);
  WSAResetEvent(state_->wakeEvent);
  if (socket == nullptr) return;
  WSAResetEvent(state_->socketEvent);
  // WSAEnumNetworkEvents re-arms the report; while connecting, finishConnecting calls it
  if (!socket->state_->connected) return;
  WSANETWORKEVENTS seen{};
  WSAEnumNetworkEvents(socket->state_->socket, nullptr, &seen);
}

}  // namespace sluice::net
