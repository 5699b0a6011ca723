#include "abi/value_conversion.h"

#include <limits>

#include "text/utf.h"

namespace sluice::abi {
namespace {

using component::Bytes;
using component::Value;

/** Returns a 32-bit integer if the number is one, otherwise a real number, as the platform does. */
Value number(double value) {
  const auto whole =
      value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max();
  if (whole && value == static_cast<std::int32_t>(value)) return static_cast<std::int32_t>(value);
  return value;
}

void release(const Platform& platform, Variant& variant) {
  if (variant.type == VariantType::text || variant.type == VariantType::ansi || variant.type == VariantType::bytes) {
    void* memory = variant.bytes.data;  // the pointer is the first member of each of them
    if (memory != nullptr) platform.release(&memory);
  }
  variant.type = VariantType::empty;
  variant.elements = 0;
}

struct Writer {
  const Platform& platform;
  Variant& variant;

  bool operator()(std::monostate) const { return true; }
  bool operator()(bool value) const {
    variant.boolean = value;
    variant.type = VariantType::boolean;
    return true;
  }
  bool operator()(std::int32_t value) const {
    variant.int32 = value;
    variant.type = VariantType::int32;
    return true;
  }
  bool operator()(double value) const {
    variant.real64 = value;
    variant.type = VariantType::real64;
    return true;
  }
  bool operator()(const std::string& value) const {
    const std::u16string text = text::toUtf16(value);
    char16_t* copy = platform.copyText(text);
    if (copy == nullptr) return false;
    variant.text = {copy, static_cast<std::uint32_t>(text.size())};
    variant.type = VariantType::text;
    return true;
  }
  bool operator()(const Bytes& value) const {
    char* copy = platform.copyBytes(value.data);
    if (copy == nullptr) return false;
    variant.bytes = {copy, static_cast<std::uint32_t>(value.data.size())};
    variant.type = VariantType::bytes;
    return true;
  }
};

}  // namespace

Value fromVariant(const Variant& variant) {
  switch (variant.type) {
    case VariantType::boolean:
      return variant.boolean;
    case VariantType::int8:
      return std::int32_t{variant.int8};
    case VariantType::uint8:
      return std::int32_t{variant.uint8};
    case VariantType::int16:
      return std::int32_t{variant.int16};
    case VariantType::uint16:
      return std::int32_t{variant.uint16};
    case VariantType::int32:
    case VariantType::integer:
    case VariantType::error:
      return variant.int32;
    case VariantType::uint32:
    case VariantType::unsignedInteger:
      return number(variant.uint32);
    case VariantType::int64:
      return number(static_cast<double>(variant.int64));
    case VariantType::uint64:
      return number(static_cast<double>(variant.uint64));
    case VariantType::real32:
      return number(static_cast<double>(variant.real32));
    case VariantType::real64:
      return number(variant.real64);
    case VariantType::text:
      if (variant.text.data == nullptr) return std::string();
      return text::toUtf8({variant.text.data, variant.text.length});
    case VariantType::ansi:
    case VariantType::bytes:
      if (variant.bytes.data == nullptr) return Bytes{};
      return Bytes{std::string(variant.bytes.data, variant.bytes.length)};
    case VariantType::empty:
    case VariantType::null:
    case VariantType::date:
    case VariantType::time:
      break;
  }
  return std::monostate{};
}

bool toVariant(const Value& value, const Platform& platform, Variant& variant) {
  release(platform, variant);
  return std::visit(Writer{platform, variant}, value);
}

}  // namespace sluice::abi
