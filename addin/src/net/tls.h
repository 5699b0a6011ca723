// TLS of the system: OpenSSL on Linux, Schannel on Windows. It converts bytes and has no socket.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/error.h"

namespace sluice::net {

struct TlsOptions {
  bool verify = true;
  /** PEM file with trusted authorities instead of those of the system; empty: those of the system. */
  std::string authorities;

  bool operator==(const TlsOptions& other) const { return verify == other.verify && authorities == other.authorities; }
};

class TlsFilter {
 public:
  virtual ~TlsFilter() = default;

  /** Begins the handshake: appends the bytes to send. */
  virtual void start(std::string& out) = 0;

  /** Processes received bytes: appends decrypted bytes to `plain`, and messages of the TLS protocol to `out`. */
  virtual void decode(std::string_view cipher, std::string& plain, std::string& out) = 0;

  /** Appends the encrypted form of `plain`. May be called only after the handshake. */
  virtual void encode(std::string_view plain, std::string& out) = 0;

  virtual bool established() const = 0;
};

/** Creates a client for `host`, which the certificate must contain. All functions throw NetError with the reason. */
std::unique_ptr<TlsFilter> makeTlsFilter(const std::string& host, const TlsOptions& options);

}  // namespace sluice::net
