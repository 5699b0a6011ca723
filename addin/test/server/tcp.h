// The part of TCP that a test server needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace test {

class Tcp {
 public:
  explicit Tcp(std::uintptr_t socket) : socket_(socket) {}
  Tcp(Tcp&& other) noexcept;
  ~Tcp();
  Tcp& operator=(Tcp&&) = delete;

  /** Appends bytes that arrive within the time. Returns false if the client has closed the connection. */
  bool receive(std::string& into, int milliseconds);

  /** Returns false if the client has closed the connection. */
  bool send(std::string_view bytes);

 private:
  std::uintptr_t socket_;
};

class TcpListener {
 public:
  /** Listens at a port of loopback; 0: a free port. */
  explicit TcpListener(std::uint16_t port = 0);
  ~TcpListener();
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  std::uint16_t port() const { return port_; }
  std::optional<Tcp> accept(int milliseconds);

 private:
  std::uintptr_t socket_;
  std::uint16_t port_ = 0;
};

}  // namespace test
