// One object of a component, used as code in 1C uses it: by names, with variants as arguments and results.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "host/platform.h"

namespace host {

struct Binary {
  std::string data;
};

using Value = std::variant<std::monostate, bool, std::int32_t, double, std::string, Binary>;

/** An exception that a statement in 1C would throw. */
class Exception : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Object {
 public:
  /** Acts as `New("AddIn.Sluice.<extension>")`. Throws Exception if no class of the library has this extension. */
  Object(const Library& library, Platform& platform, const std::u16string& extension = u"Client");
  /** Calls Done and DestroyObject, unless they were called before. */
  ~Object();
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  /** Calls a method; omitted parameters get their defaults. Throws Exception. */
  Value call(const std::u16string& method, std::vector<Value> arguments = {});
  Value get(const std::u16string& property);
  void set(const std::u16string& property, const Value& value);

  void done();
  void destroy();

  std::string text(const std::u16string& property) { return std::get<std::string>(get(property)); }

  // --- the tables, slot by slot
  long findProperty(const std::u16string& name) {
    return callMethod<long, const char16_t*>(object_, 1, 2, name.c_str());
  }
  long findMethod(const std::u16string& name) { return callMethod<long, const char16_t*>(object_, 1, 9, name.c_str()); }
  std::u16string propertyName(long property, long alias) { return takeName(3, property, alias); }
  std::u16string methodName(long method, long alias) { return takeName(10, method, alias); }
  long countProperties() { return callMethod<long>(object_, 1, 1); }
  long countMethods() { return callMethod<long>(object_, 1, 8); }
  long countParameters(long method) { return callMethod<long, long>(object_, 1, 11, method); }
  bool isReadable(long property) { return callMethod<bool, long>(object_, 1, 6, property); }
  bool isWritable(long property) { return callMethod<bool, long>(object_, 1, 7, property); }
  bool returnsValue(long method) { return callMethod<bool, long>(object_, 1, 13, method); }
  bool defaultValue(long method, long parameter, RawVariant& value) {
    return callMethod<bool, long, long, void*>(object_, 1, 12, method, parameter, value.memory);
  }
  bool callFunction(long method, RawVariant* result, RawVariant* arguments, long count) {
    return callMethod<bool, long, void*, void*, long>(object_, 1, 15, method, result, arguments, count);
  }
  bool callProcedure(long method, RawVariant* arguments, long count) {
    return callMethod<bool, long, void*, long>(object_, 1, 14, method, arguments, count);
  }
  bool getProperty(long property, RawVariant& value) {
    return callMethod<bool, long, void*>(object_, 1, 4, property, value.memory);
  }
  bool setProperty(long property, RawVariant& value) {
    return callMethod<bool, long, void*>(object_, 1, 5, property, value.memory);
  }
  std::u16string extensionName();
  long info() { return callMethod<long>(object_, 0, 2); }

  /** Makes a variant as the platform does: its text and bytes are in memory of the platform. */
  RawVariant makeVariant(const Value& value);
  /** Reads a variant and frees its memory. */
  Value takeVariant(RawVariant& variant);

 private:
  void attach(const std::u16string& className);
  std::u16string takeName(int slot, long index, long alias);
  [[noreturn]] void throwErrors(const std::u16string& what);

  const Library& library_;
  Platform& platform_;
  void* object_ = nullptr;
  bool done_ = false;
};

}  // namespace host
