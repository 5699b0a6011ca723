#include "net/openssl_library.h"

#include <dlfcn.h>

#include "net/error.h"

namespace sluice::net {
namespace {

void* openLibrary() {
  for (const char* name : {"libssl.so.3", "libssl.so.1.1"}) {
    // local, because the process of the platform may have loaded another OpenSSL
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
  }
  throw NetError(
      "TLS needs OpenSSL 3 or 1.1 (libssl.so.3, libssl.so.1.1): install libssl");
}

/** libcrypto comes with libssl, and dlsym searches it as well. */
OpenSsl bind(void* library) {
  OpenSsl functions{};
#define SLUICE_BIND(name)                                                             \
  functions.name = reinterpret_cast<decltype(functions.name)>(dlsym(library, #name)); \
  if (functions.name == nullptr) throw NetError("the OpenSSL of this machine has no function " #name);
  SLUICE_OPENSSL_FUNCTIONS(SLUICE_BIND)
#undef SLUICE_BIND
  return functions;
}

}  // namespace

const OpenSsl& OpenSsl::load() {
  static const OpenSsl functions = bind(openLibrary());
  return functions;
}

}  // namespace sluice::net
