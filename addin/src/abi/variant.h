// A value that the platform and a component pass to each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>

namespace sluice::abi {

/** Numbers of the type tag. The platform itself passes empty, int32, real, boolean, time, text and bytes; the others
 * are accepted. */
enum class VariantType : std::uint16_t {
  empty = 0,
  null = 1,
  int16 = 2,
  int32 = 3,
  real32 = 4,
  real64 = 5,
  date = 6,
  time = 7,
  ansi = 8,
  error = 10,
  boolean = 11,
  int8 = 13,
  uint8 = 14,
  uint16 = 15,
  uint32 = 16,
  int64 = 17,
  uint64 = 18,
  integer = 19,
  unsignedInteger = 20,
  text = 22,
  bytes = 23,
};

struct VariantText {
  char16_t* data;
  std::uint32_t length;  // UTF-16 units, without a terminator
};

struct VariantBytes {
  char* data;
  std::uint32_t length;
};

struct Variant {
  union {
    std::int8_t int8;
    std::uint8_t uint8;
    std::int16_t int16;
    std::uint16_t uint16;
    std::int32_t int32;
    std::uint32_t uint32;
    std::int64_t int64;
    std::uint64_t uint64;
    float real32;
    double real64;
    bool boolean;
    std::tm time;
    VariantText text;
    VariantBytes bytes;
  };
  std::uint32_t elements;
  VariantType type;
};

#if defined(_WIN32)
static_assert(sizeof(Variant) == 48 && offsetof(Variant, elements) == 40 && offsetof(Variant, type) == 44);
#else
static_assert(sizeof(Variant) == 64 && offsetof(Variant, elements) == 56 && offsetof(Variant, type) == 60);
#endif
static_assert(offsetof(Variant, text) == 0 && offsetof(VariantText, length) == sizeof(void*));
static_assert(offsetof(Variant, bytes) == 0 && offsetof(VariantBytes, length) == sizeof(void*));
static_assert(sizeof(bool) == 1 && sizeof(char16_t) == 2);

}  // namespace sluice::abi
