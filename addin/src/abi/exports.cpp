// The five exported functions, with which the platform finds and creates components.
#include <string_view>

#include "abi/shell.h"

#if defined(_WIN32)
#define SLUICE_EXPORT extern "C"  // exported by their plain names: component.def
#else
#define SLUICE_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace {

constexpr int kAttachAny = 3;  // in the process of the platform, or isolated in a separate process

}  // namespace

using sluice::abi::ComponentObject;
using sluice::abi::kObjectName;
using sluice::abi::Shell;

SLUICE_EXPORT const char16_t* GetClassNames() {
  return kObjectName;
}

/** Returns 1 and not the pointer: `long` is too short for a pointer on 64-bit Windows. */
SLUICE_EXPORT long GetClassObject(const char16_t* name, ComponentObject** object) {
  if (object == nullptr || *object != nullptr || name == nullptr || std::u16string_view(name) != kObjectName) return 0;
  try {
    *object = new Shell();
    return 1;
  } catch (...) {
    return 0;
  }
}

SLUICE_EXPORT long DestroyObject(ComponentObject** object) {
  if (object == nullptr || *object == nullptr) return -1;
  delete static_cast<Shell*>(*object);
  *object = nullptr;
  return 0;
}

SLUICE_EXPORT int SetPlatformCapabilities(int capabilities) {
  sluice::abi::announcedCapabilities = capabilities;
  return sluice::abi::kCapabilities;
}

SLUICE_EXPORT int GetAttachType() {
  return kAttachAny;
}
