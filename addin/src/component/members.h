// The members that code in 1C can use: names in English and Russian, parameters, and functions.
#pragma once

#include <cstddef>
#include <string_view>

#include "component/component.h"

namespace sluice::component {

struct Property {
  std::u16string_view english, russian;
  Value (*get)(const Component&);
  /** Null: read-only. */
  void (*set)(Component&, const Value&);
};

struct Parameter {
  enum class Default { none, text, number };

  Default kind = Default::none;
  const char* text = "";
  std::int32_t number = 0;
};

inline constexpr std::size_t kMaxParameters = 5;

struct Method {
  std::u16string_view english, russian;
  std::size_t parameterCount;
  bool returnsValue;
  Value (*call)(Component&, const Arguments&);
  Parameter parameters[kMaxParameters];
};

template <typename Entry>
struct Table {
  const Entry* entries;
  std::size_t size;

  /** Returns the index of the entry with this name, or -1. */
  long find(std::u16string_view name) const;
  const Entry* at(long index) const {
    return index >= 0 && static_cast<std::size_t>(index) < size ? entries + index : nullptr;
  }
};

Table<Property> properties();
Table<Method> methods();

/** Returns the optional parameter at this index, or null. */
const Parameter* optionalParameter(const Method& method, long index);
Value defaultOf(const Parameter& parameter);

}  // namespace sluice::component
