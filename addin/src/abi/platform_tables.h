// The tables through which a component calls the platform.
#pragma once

#include "abi/calling.h"
#include "abi/variant.h"

namespace sluice::abi {

struct MemoryManagerTable {
  DestructorSlots destructor;
  bool(SLUICE_ABI_CALL* allocate)(void* self, void** memory, unsigned long bytes);
  void(SLUICE_ABI_CALL* release)(void* self, void** memory);
};

struct ConnectionTable {
  DestructorSlots destructor;
  bool(SLUICE_ABI_CALL* addError)(void* self, unsigned short code, const char16_t* source, const char16_t* text,
                                  long number);
  bool(SLUICE_ABI_CALL* read)(void* self, char16_t* name, Variant* value, long* error, char16_t** text);
  bool(SLUICE_ABI_CALL* write)(void* self, char16_t* name, Variant* value);
  bool(SLUICE_ABI_CALL* registerProfileAs)(void* self, char16_t* name);
  bool(SLUICE_ABI_CALL* setEventBufferDepth)(void* self, long depth);
  long(SLUICE_ABI_CALL* getEventBufferDepth)(void* self);
  bool(SLUICE_ABI_CALL* externalEvent)(void* self, char16_t* source, char16_t* event, char16_t* data);
  void(SLUICE_ABI_CALL* cleanEventBuffer)(void* self);
  bool(SLUICE_ABI_CALL* setStatusLine)(void* self, char16_t* text);
  void(SLUICE_ABI_CALL* resetStatusLine)(void* self);
  // exists only after the platform has announced capabilities
  void*(SLUICE_ABI_CALL* getInterface)(void* self, int interface);
};

inline constexpr int kPlatformInfoInterface = 1;

/** Has no destructor in its table. */
struct PlatformInfoTable {
  const struct ApplicationInfo*(SLUICE_ABI_CALL* getPlatformInfo)(void* self);
};

enum class ApplicationType : int {
  unknown = -1,
  thinClient = 0,
  thickClient = 1,
  webClient = 2,
  server = 3,
  externalConnection = 4,
  mobileClient = 5,
  mobileServer = 6,
};

struct ApplicationInfo {
  const char16_t* version;
  const char16_t* userAgent;
  ApplicationType type;
};

/** Kind of a reported error: the platform shows it as an error, and with a number other than zero the calling code gets
 * an exception. */
inline constexpr unsigned short kErrorVeryImportant = 1004;

static_assert(offsetof(MemoryManagerTable, allocate) == slotOffset(0));
static_assert(offsetof(MemoryManagerTable, release) == slotOffset(1));

static_assert(offsetof(ConnectionTable, addError) == slotOffset(0));
static_assert(offsetof(ConnectionTable, read) == slotOffset(1));
static_assert(offsetof(ConnectionTable, write) == slotOffset(2));
static_assert(offsetof(ConnectionTable, registerProfileAs) == slotOffset(3));
static_assert(offsetof(ConnectionTable, setEventBufferDepth) == slotOffset(4));
static_assert(offsetof(ConnectionTable, getEventBufferDepth) == slotOffset(5));
static_assert(offsetof(ConnectionTable, externalEvent) == slotOffset(6));
static_assert(offsetof(ConnectionTable, cleanEventBuffer) == slotOffset(7));
static_assert(offsetof(ConnectionTable, setStatusLine) == slotOffset(8));
static_assert(offsetof(ConnectionTable, resetStatusLine) == slotOffset(9));
static_assert(offsetof(ConnectionTable, getInterface) == slotOffset(10));

static_assert(offsetof(PlatformInfoTable, getPlatformInfo) == 0);
static_assert(offsetof(ApplicationInfo, userAgent) == sizeof(void*));
static_assert(offsetof(ApplicationInfo, type) == 2 * sizeof(void*));
static_assert(sizeof(ApplicationType) == 4);

}  // namespace sluice::abi
