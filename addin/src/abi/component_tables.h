// The four tables through which the platform calls a component. An object begins with four pointers to them, in the
// order of ComponentObject.
#pragma once

#include "abi/calling.h"
#include "abi/variant.h"

namespace sluice::abi {

struct InitDoneTable {
  DestructorSlots destructor;
  bool(SLUICE_ABI_CALL* init)(void* self, void* connection);
  bool(SLUICE_ABI_CALL* setMemoryManager)(void* self, void* manager);
  long(SLUICE_ABI_CALL* getInfo)(void* self);
  void(SLUICE_ABI_CALL* done)(void* self);
};

struct LanguageTable {
  DestructorSlots destructor;
  bool(SLUICE_ABI_CALL* registerExtensionAs)(void* self, char16_t** name);
  long(SLUICE_ABI_CALL* countProperties)(void* self);
  long(SLUICE_ABI_CALL* findProperty)(void* self, const char16_t* name);
  const char16_t*(SLUICE_ABI_CALL* propertyName)(void* self, long property, long alias);
  bool(SLUICE_ABI_CALL* getProperty)(void* self, long property, Variant* value);
  bool(SLUICE_ABI_CALL* setProperty)(void* self, long property, Variant* value);
  bool(SLUICE_ABI_CALL* isReadable)(void* self, long property);
  bool(SLUICE_ABI_CALL* isWritable)(void* self, long property);
  long(SLUICE_ABI_CALL* countMethods)(void* self);
  long(SLUICE_ABI_CALL* findMethod)(void* self, const char16_t* name);
  const char16_t*(SLUICE_ABI_CALL* methodName)(void* self, long method, long alias);
  long(SLUICE_ABI_CALL* countParameters)(void* self, long method);
  bool(SLUICE_ABI_CALL* defaultValue)(void* self, long method, long parameter, Variant* value);
  bool(SLUICE_ABI_CALL* returnsValue)(void* self, long method);
  bool(SLUICE_ABI_CALL* callAsProcedure)(void* self, long method, Variant* arguments, long count);
  bool(SLUICE_ABI_CALL* callAsFunction)(void* self, long method, Variant* result, Variant* arguments, long count);
};

struct LocaleTable {
  DestructorSlots destructor;
  void(SLUICE_ABI_CALL* setLocale)(void* self, const char16_t* locale);
};

struct UserLanguageTable {
  DestructorSlots destructor;
  void(SLUICE_ABI_CALL* setUserInterfaceLanguage)(void* self, const char16_t* code);
};

/** The object that the platform holds. Functions of a table get the address of the pointer to that table as `self`. */
struct ComponentObject {
  const InitDoneTable* initDone;
  const LanguageTable* language;
  const LocaleTable* locale;
  const UserLanguageTable* userLanguage;
};

static_assert(offsetof(InitDoneTable, init) == slotOffset(0));
static_assert(offsetof(InitDoneTable, setMemoryManager) == slotOffset(1));
static_assert(offsetof(InitDoneTable, getInfo) == slotOffset(2));
static_assert(offsetof(InitDoneTable, done) == slotOffset(3));
static_assert(sizeof(InitDoneTable) == slotOffset(4));

static_assert(offsetof(LanguageTable, registerExtensionAs) == slotOffset(0));
static_assert(offsetof(LanguageTable, countProperties) == slotOffset(1));
static_assert(offsetof(LanguageTable, findProperty) == slotOffset(2));
static_assert(offsetof(LanguageTable, propertyName) == slotOffset(3));
static_assert(offsetof(LanguageTable, getProperty) == slotOffset(4));
static_assert(offsetof(LanguageTable, setProperty) == slotOffset(5));
static_assert(offsetof(LanguageTable, isReadable) == slotOffset(6));
static_assert(offsetof(LanguageTable, isWritable) == slotOffset(7));
static_assert(offsetof(LanguageTable, countMethods) == slotOffset(8));
static_assert(offsetof(LanguageTable, findMethod) == slotOffset(9));
static_assert(offsetof(LanguageTable, methodName) == slotOffset(10));
static_assert(offsetof(LanguageTable, countParameters) == slotOffset(11));
static_assert(offsetof(LanguageTable, defaultValue) == slotOffset(12));
static_assert(offsetof(LanguageTable, returnsValue) == slotOffset(13));
static_assert(offsetof(LanguageTable, callAsProcedure) == slotOffset(14));
static_assert(offsetof(LanguageTable, callAsFunction) == slotOffset(15));
static_assert(sizeof(LanguageTable) == slotOffset(16));

static_assert(offsetof(LocaleTable, setLocale) == slotOffset(0) && sizeof(LocaleTable) == slotOffset(1));
static_assert(offsetof(UserLanguageTable, setUserInterfaceLanguage) == slotOffset(0));
static_assert(sizeof(UserLanguageTable) == slotOffset(1));

static_assert(offsetof(ComponentObject, initDone) == 0 * sizeof(void*));
static_assert(offsetof(ComponentObject, language) == 1 * sizeof(void*));
static_assert(offsetof(ComponentObject, locale) == 2 * sizeof(void*));
static_assert(offsetof(ComponentObject, userLanguage) == 3 * sizeof(void*));
static_assert(sizeof(ComponentObject) == 4 * sizeof(void*));

// assumptions of the calling convention, by target
#if defined(_WIN64)
static_assert(sizeof(void*) == 8 && sizeof(long) == 4 && slotOffset(0) == 8);
#elif defined(_WIN32)
static_assert(sizeof(void*) == 4 && sizeof(long) == 4 && slotOffset(0) == 4);
#else
static_assert(sizeof(void*) == 8 && sizeof(long) == 8 && slotOffset(0) == 16);
#endif

}  // namespace sluice::abi
