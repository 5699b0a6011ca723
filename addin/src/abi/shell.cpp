#include "abi/shell.h"

#include "abi/value_conversion.h"
#include "component/members.h"
#include "text/utf.h"

namespace sluice::abi {
namespace {

using component::Arguments;
using component::Method;
using component::Property;
using component::Value;

constexpr long kComponentInfo = 2000;  // the second edition of the technology
constexpr long kRussianAlias = 1;

/** Returns the shell. `self` is the address of one of the table pointers at the beginning of a shell. */
template <std::size_t Base>
Shell& shellOf(void* self) {
  return *static_cast<Shell*>(reinterpret_cast<ComponentObject*>(static_cast<char*>(self) - Base * sizeof(void*)));
}

constexpr std::size_t kInitDone = 0;
constexpr std::size_t kLanguage = 1;

/** Calls code of the component for the platform, and turns exceptions into errors of the platform. */
template <typename Result, typename Work>
Result guarded(const Shell& shell, Result failure, Work work) noexcept {
  try {
    return work();
  } catch (const std::exception& error) {
    try {
      shell.platform.throwError(text::toUtf16(error.what()));
    } catch (...) {
      // no memory for the text: the failure is reported without it
    }
  } catch (...) {
    shell.platform.throwError(u"unknown error");
  }
  return failure;
}

bool SLUICE_ABI_CALL init(void* self, void* connection) {
  Shell& shell = shellOf<kInitDone>(self);
  shell.platform.attach(connection);
  return guarded(shell, false, [&] { return connection != nullptr && shell.component.init(shell.platform); });
}

bool SLUICE_ABI_CALL setMemoryManager(void* self, void* manager) {
  shellOf<kInitDone>(self).platform.useMemory(manager);
  return manager != nullptr;
}

long SLUICE_ABI_CALL getInfo(void*) {
  return kComponentInfo;
}

void SLUICE_ABI_CALL done(void* self) {
  Shell& shell = shellOf<kInitDone>(self);
  guarded(shell, false, [&] { return shell.component.done(), true; });
}

bool SLUICE_ABI_CALL registerExtensionAs(void* self, char16_t** name) {
  if (name == nullptr) return false;
  *name = shellOf<kLanguage>(self).platform.copyText(kObjectName);
  return *name != nullptr;
}

long SLUICE_ABI_CALL countProperties(void*) {
  return static_cast<long>(component::properties().size);
}

long SLUICE_ABI_CALL findProperty(void*, const char16_t* name) {
  return name == nullptr ? -1 : component::properties().find(name);
}

template <typename Entry>
const char16_t* nameOf(const Shell& shell, const Entry* entry, long alias) {
  if (entry == nullptr) return nullptr;
  return shell.platform.copyText(alias == kRussianAlias ? entry->russian : entry->english);
}

const char16_t* SLUICE_ABI_CALL propertyName(void* self, long property, long alias) {
  return nameOf(shellOf<kLanguage>(self), component::properties().at(property), alias);
}

bool SLUICE_ABI_CALL getProperty(void* self, long index, Variant* value) {
  Shell& shell = shellOf<kLanguage>(self);
  const Property* property = component::properties().at(index);
  if (property == nullptr || value == nullptr) return false;
  return guarded(shell, false, [&] { return toVariant(property->get(shell.component), shell.platform, *value); });
}

bool SLUICE_ABI_CALL setProperty(void* self, long index, Variant* value) {
  Shell& shell = shellOf<kLanguage>(self);
  const Property* property = component::properties().at(index);
  if (property == nullptr || property->set == nullptr || value == nullptr) return false;
  return guarded(shell, false, [&] { return property->set(shell.component, fromVariant(*value)), true; });
}

bool SLUICE_ABI_CALL isReadable(void*, long property) {
  return component::properties().at(property) != nullptr;
}

bool SLUICE_ABI_CALL isWritable(void*, long index) {
  const Property* property = component::properties().at(index);
  return property != nullptr && property->set != nullptr;
}

long SLUICE_ABI_CALL countMethods(void*) {
  return static_cast<long>(component::methods().size);
}

long SLUICE_ABI_CALL findMethod(void*, const char16_t* name) {
  return name == nullptr ? -1 : component::methods().find(name);
}

const char16_t* SLUICE_ABI_CALL methodName(void* self, long method, long alias) {
  return nameOf(shellOf<kLanguage>(self), component::methods().at(method), alias);
}

long SLUICE_ABI_CALL countParameters(void*, long index) {
  const Method* method = component::methods().at(index);
  return method == nullptr ? 0 : static_cast<long>(method->parameterCount);
}

bool SLUICE_ABI_CALL defaultValue(void* self, long index, long parameter, Variant* value) {
  Shell& shell = shellOf<kLanguage>(self);
  const Method* method = component::methods().at(index);
  if (method == nullptr || value == nullptr) return false;
  const component::Parameter* found = optionalParameter(*method, parameter);
  return guarded(shell, false,
                 [&] { return found != nullptr && toVariant(defaultOf(*found), shell.platform, *value); });
}

bool SLUICE_ABI_CALL returnsValue(void*, long index) {
  const Method* method = component::methods().at(index);
  return method != nullptr && method->returnsValue;
}

/** Reads the arguments. An omitted argument, or Undefined, becomes the default of its parameter. */
Arguments readArguments(const Method& method, const Variant* given, long count) {
  std::vector<Value> values(method.parameterCount);
  for (std::size_t i = 0; i < method.parameterCount; ++i) {
    if (given != nullptr && static_cast<long>(i) < count) values[i] = fromVariant(given[i]);
    const component::Parameter* fallback = optionalParameter(method, static_cast<long>(i));
    if (fallback != nullptr && std::holds_alternative<std::monostate>(values[i])) values[i] = defaultOf(*fallback);
  }
  return Arguments(std::move(values));
}

bool call(Shell& shell, long index, Variant* result, const Variant* arguments, long count) {
  const Method* method = component::methods().at(index);
  if (method == nullptr) return false;
  return guarded(shell, false, [&] {
    const Value value = method->call(shell.component, readArguments(*method, arguments, count));
    return result == nullptr || toVariant(value, shell.platform, *result);
  });
}

bool SLUICE_ABI_CALL callAsProcedure(void* self, long method, Variant* arguments, long count) {
  return call(shellOf<kLanguage>(self), method, nullptr, arguments, count);
}

bool SLUICE_ABI_CALL callAsFunction(void* self, long method, Variant* result, Variant* arguments, long count) {
  return call(shellOf<kLanguage>(self), method, result, arguments, count);
}

// texts of the component are in English; its names are always available in both languages
void SLUICE_ABI_CALL setLocale(void*, const char16_t*) {}
void SLUICE_ABI_CALL setUserInterfaceLanguage(void*, const char16_t*) {}

constexpr InitDoneTable kInitDoneTable = {{}, init, setMemoryManager, getInfo, done};

constexpr LanguageTable kLanguageTable = {
    {},           registerExtensionAs, countProperties, findProperty, propertyName, getProperty,     setProperty,
    isReadable,   isWritable,          countMethods,    findMethod,   methodName,   countParameters, defaultValue,
    returnsValue, callAsProcedure,     callAsFunction};

constexpr LocaleTable kLocaleTable = {{}, setLocale};
constexpr UserLanguageTable kUserLanguageTable = {{}, setUserInterfaceLanguage};

}  // namespace

Shell::Shell() : ComponentObject{&kInitDoneTable, &kLanguageTable, &kLocaleTable, &kUserLanguageTable} {}

}  // namespace sluice::abi
