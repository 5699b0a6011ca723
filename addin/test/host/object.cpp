#include "host/object.h"

#include <stdexcept>

#include "text/utf.h"

namespace host {
namespace {

constexpr int kInitDone = 0;
constexpr int kLanguage = 1;
constexpr int kLocale = 2;
constexpr int kUserLanguage = 3;

}  // namespace

/**
 * When it attaches a component, the platform creates an object of each class and reads the name of its extension. Code
 * in 1C creates objects by this name, `New("AddIn.<id>.<extension>")`, and not by the name of the class.
 */
Object::Object(const Library& library, Platform& platform, const std::u16string& extension)
    : library_(library), platform_(platform) {
  library_.setPlatformCapabilities(3);
  std::u16string names = library_.getClassNames();
  for (names += u'|'; !names.empty() && object_ == nullptr; names.erase(0, names.find(u'|') + 1)) {
    attach(names.substr(0, names.find(u'|')));
    if (extensionName() == extension) break;
    done();
    destroy();
    done_ = false;
  }
  if (object_ == nullptr)
    throw Exception("the type AddIn.Sluice." + sluice::text::toUtf8(extension) + " is not defined");
}

void Object::attach(const std::u16string& className) {
  if (library_.getClassObject(className.c_str(), &object_) == 0 || object_ == nullptr)
    throw std::runtime_error("no object of the class " + sluice::text::toUtf8(className));
  // in the order of the platform: memory, connection, languages
  if (!callMethod<bool, void*>(object_, kInitDone, 1, platform_.memoryManager()))
    throw std::runtime_error("setMemManager");
  if (!callMethod<bool, void*>(object_, kInitDone, 0, platform_.connection())) throw std::runtime_error("Init");
  callMethod<void, const char16_t*>(object_, kLocale, 0, u"ru_RU");
  callMethod<void, const char16_t*>(object_, kUserLanguage, 0, u"ru");
}

Object::~Object() {
  done();
  destroy();
}

void Object::done() {
  if (done_) return;
  done_ = true;
  callMethod<void>(object_, kInitDone, 3);
}

void Object::destroy() {
  if (object_ != nullptr && library_.destroyObject(&object_) != 0) std::abort();
}

Value Object::call(const std::u16string& name, std::vector<Value> arguments) {
  const long method = findMethod(name);
  if (method < 0) throw Exception("no method " + sluice::text::toUtf8(name));
  std::vector<RawVariant> variants(static_cast<std::size_t>(countParameters(method)));
  for (std::size_t i = 0; i < variants.size(); ++i) {
    if (i < arguments.size()) {
      variants[i] = makeVariant(arguments[i]);
    } else if (!defaultValue(method, static_cast<long>(i), variants[i])) {
      throw Exception("parameter " + std::to_string(i + 1) + " is required");
    }
  }
  RawVariant result;
  const auto count = static_cast<long>(variants.size());
  const bool done = returnsValue(method) ? callFunction(method, &result, variants.data(), count)
                                         : callProcedure(method, variants.data(), count);
  for (RawVariant& variant : variants) takeVariant(variant);
  if (!done) throwErrors(name);
  return takeVariant(result);
}

Value Object::get(const std::u16string& name) {
  RawVariant value;
  if (!getProperty(findProperty(name), value)) throwErrors(name);
  return takeVariant(value);
}

void Object::set(const std::u16string& name, const Value& value) {
  RawVariant variant = makeVariant(value);
  const bool done = setProperty(findProperty(name), variant);
  takeVariant(variant);
  if (!done) throwErrors(name);
}

std::u16string Object::extensionName() {
  char16_t* name = nullptr;
  if (!callMethod<bool, char16_t**>(object_, kLanguage, 0, &name)) throw std::runtime_error("RegisterExtensionAs");
  const std::u16string copy = name;
  platform_.release(name);
  return copy;
}

RawVariant Object::makeVariant(const Value& value) {
  RawVariant variant;
  if (const auto* flag = std::get_if<bool>(&value)) {
    variant.write(0, *flag);
    variant.setType(type::kBoolean);
  } else if (const auto* whole = std::get_if<std::int32_t>(&value)) {
    variant.write(0, *whole);
    variant.setType(type::kInt32);
  } else if (const auto* real = std::get_if<double>(&value)) {
    variant.write(0, *real);
    variant.setType(type::kReal);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    const std::u16string units = sluice::text::toUtf16(*text);
    void* memory = platform_.allocate((units.size() + 1) * 2);
    std::memcpy(memory, units.c_str(), (units.size() + 1) * 2);
    variant.write(0, memory);
    variant.write(sizeof(void*), static_cast<std::uint32_t>(units.size()));
    variant.setType(type::kText);
  } else if (const auto* binary = std::get_if<Binary>(&value)) {
    void* memory = platform_.allocate(binary->data.size() + 1);
    std::memcpy(memory, binary->data.data(), binary->data.size());
    variant.write(0, memory);
    variant.write(sizeof(void*), static_cast<std::uint32_t>(binary->data.size()));
    variant.setType(type::kBytes);
  }
  return variant;
}

Value Object::takeVariant(RawVariant& variant) {
  const std::uint16_t kind = variant.type();
  variant.setType(type::kEmpty);
  if (kind == type::kBoolean) return variant.read<bool>(0);
  if (kind == type::kInt32) return variant.read<std::int32_t>(0);
  if (kind == type::kReal) return variant.read<double>(0);
  if (kind != type::kText && kind != type::kBytes) return std::monostate{};
  void* memory = variant.read<void*>(0);
  const auto length = variant.read<std::uint32_t>(sizeof(void*));
  const std::size_t needed = kind == type::kText ? (length + 1U) * 2U : length;
  if (platform_.sizeOf(memory) < needed) throw std::runtime_error("a variant longer than its memory");
  Value value;
  if (kind == type::kText) {
    const auto* units = static_cast<const char16_t*>(memory);
    if (units[length] != u'\0') throw std::runtime_error("a text without its terminator");
    value = sluice::text::toUtf8({units, length});
  } else {
    value = Binary{std::string(static_cast<const char*>(memory), length)};
  }
  platform_.release(memory);
  return value;
}

std::u16string Object::takeName(int slot, long index, long alias) {
  auto* name = const_cast<char16_t*>(callMethod<const char16_t*, long, long>(object_, kLanguage, slot, index, alias));
  if (name == nullptr) return {};
  const std::u16string copy = name;
  platform_.release(name);
  return copy;
}

void Object::throwErrors(const std::u16string& what) {
  const std::vector<std::string> errors = platform_.takeErrors();
  throw Exception(errors.empty() ? "no text for the failure of " + sluice::text::toUtf8(what) : errors.front());
}

}  // namespace host
