// Calling convention between the platform and a component. Written by hand from the published description of the
// technology: no text of the vendor's headers is copied, and no C++ virtual class crosses the boundary.
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
 * Slots of a virtual destructor at the head of a table: one with MSVC, two with the Itanium ABI. The platform never
 * calls them (the export DestroyObject destroys objects), but a wrong number would move all later slots.
 */
#if defined(_WIN32)
inline constexpr std::size_t kDestructorSlots = 1;
#else
inline constexpr std::size_t kDestructorSlots = 2;
#endif

struct DestructorSlots {
  const void* unused[kDestructorSlots];
};

/** Returns the offset of the method `index` (counted after the destructor) in a table. */
constexpr std::size_t slotOffset(std::size_t index) {
  return (kDestructorSlots + index) * sizeof(void*);
}

}  // namespace sluice::abi
