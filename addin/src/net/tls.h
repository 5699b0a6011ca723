// TLS by the system: OpenSSL on Linux, Schannel on Windows. It only turns bytes into bytes; the socket is somebody
// else's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/error.h"

namespace sluice::net {

struct TlsOptions {
  bool verify = true;
  /** A PEM file with the authorities to trust instead of the system's; empty: the system's. */
  std::string authorities;

  bool operator==(const TlsOptions& other) const { return verify == other.verify && authorities == other.authorities; }
};

class TlsFilter {
 public:
  virtual ~TlsFilter() = default;

  /** Begins the handshake: appends what is to be sent. */
  virtual void start(std::string& out) = 0;

  /** Takes what came from the socket; appends decrypted bytes to `plain`, and answers of the protocol itself to `out`.
   */
  virtual void decode(std::string_view cipher, std::string& plain, std::string& out) = 0;

  /** Appends the encrypted form of `plain`. Only when established. */
  virtual void encode(std::string_view plain, std::string& out) = 0;

  virtual bool established() const = 0;
};

/** A client's side towards `host`, whose certificate must name it. All of it throws NetError with the reason. */
std::unique_ptr<TlsFilter> makeTlsFilter(const std::string& host, const TlsOptions& options);

}  // namespace sluice::net
