// Layout that the platform expects, independent of the declarations of the component: numbers of slots (one slot for a
// virtual destructor with MSVC, two with GCC), and offsets in bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <ctime>

#include "host/library.h"

namespace host {

#if defined(_WIN32)
inline constexpr int kFirstSlot = 1;
inline constexpr std::size_t kVariantSize = 48;
#else
inline constexpr int kFirstSlot = 2;
inline constexpr std::size_t kVariantSize = 64;
#endif
inline constexpr std::size_t kTypeOffset = kVariantSize - 4;

/** Calls the virtual method `slot` of the base `base` of an object with several bases. */
template <typename Result, typename... Parameters, typename... Arguments>
Result callMethod(void* object, int base, int slot, Arguments... arguments) {
  void** subobject = static_cast<void**>(object) + base;
  void** table = static_cast<void**>(*subobject);
  using Method = Result(HOST_CALL*)(void*, Parameters...);
  return reinterpret_cast<Method>(table[kFirstSlot + slot])(subobject, arguments...);
}

/** A variant as raw memory. */
struct RawVariant {
  alignas(8) unsigned char memory[kVariantSize] = {};

  std::uint16_t type() const { return read<std::uint16_t>(kTypeOffset); }
  void setType(std::uint16_t type) { write(kTypeOffset, type); }

  template <typename T>
  T read(std::size_t offset) const {
    T value;
    std::memcpy(&value, memory + offset, sizeof value);
    return value;
  }
  template <typename T>
  void write(std::size_t offset, T value) {
    std::memcpy(memory + offset, &value, sizeof value);
  }
};

namespace type {
inline constexpr std::uint16_t kEmpty = 0, kInt32 = 3, kReal = 5, kTime = 7, kBoolean = 11, kText = 22, kBytes = 23;
}

}  // namespace host
