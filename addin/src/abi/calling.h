// How the platform calls a component, and a component the platform. Written by hand from the published description of
// the technology: nothing here is copied from the vendor's headers, and no C++ virtual class crosses the border.
#pragma once

#include <cstddef>

// Methods are __stdcall on Windows, which matters on x86 only: the object is the first argument on the stack, not in
// ECX.
#if defined(_WIN32)
#define SLUICE_ABI_CALL __stdcall
#else
#define SLUICE_ABI_CALL
#endif

namespace sluice::abi {

/**
 * The slots that a virtual destructor takes at the head of a table: one with MSVC, two with the Itanium ABI. The
 * platform never calls them (objects are destroyed by the export DestroyObject), but everything after them moves when
 * their number is wrong.
 */
#if defined(_WIN32)
inline constexpr std::size_t kDestructorSlots = 1;
#else
inline constexpr std::size_t kDestructorSlots = 2;
#endif

struct DestructorSlots {
  const void* unused[kDestructorSlots];
};

/** Where the method `index` (counted after the destructor) of a table must lie. */
constexpr std::size_t slotOffset(std::size_t index) {
  return (kDestructorSlots + index) * sizeof(void*);
}

}  // namespace sluice::abi
